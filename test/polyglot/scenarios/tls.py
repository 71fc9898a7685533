"""speaks TLS, with a bundle of its own authorities, or without verification"""

import os

from scenario import PARENT, check, connect, shell
from urllib3.exceptions import MaxRetryError

url = os.environ["AIEM_TLS_URL"]
for options in ({"ssl_ca_cert": os.environ["AIEM_CA"]}, {"verify_ssl": False}):
    client = connect(url=url, **options)
    name = client.create_process(PARENT, shell("echo ü"), auto_run=True).name
    check.assertEqual(b"".join(c.data for c in client.stream_output(name)), "ü\n".encode())
    check.assertEqual(client.wait_process(name).exit_code, 0)

with check.assertRaisesRegex(MaxRetryError, "certificate verify failed"):
    connect(url=url).list_processes(PARENT)
