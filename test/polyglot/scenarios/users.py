"""shows a process to nobody but the creator of its engine"""

import os

from scenario import PARENT, calls_on, check, connect, refused, run, shell

name = run(connect(), "echo mine").name

other = connect(token=os.environ["AIEM_OTHER_TOKEN"])
unknown = connect(token="unknown")
for client, status in ((other, 404), (unknown, 401)):
    calls = {
        **calls_on(client, name),
        "create_process": lambda: client.create_process(PARENT, shell(":")),
        "list_processes": lambda: client.list_processes(PARENT),
    }
    for method, call in calls.items():
        with refused(status, ""):
            call()

check.assertEqual(connect().read_output(name), b"mine\n")
