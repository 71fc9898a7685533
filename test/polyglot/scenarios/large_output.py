"""reads and follows eight megabytes without a wrong byte"""

import sys
from hashlib import sha256
from random import Random

from scenario import PARENT, Process, check, connect

client = connect()
SIZE = 8 * 1024 * 1024
program = f"""
import random, sys
sys.stdout.buffer.write(random.Random(1).randbytes({SIZE}))
"""


def digest(data):
    return len(data), sha256(data).hexdigest()


spec = Process(command=sys.executable, args=["-c", program])
name = client.create_process(PARENT, spec, auto_run=True).name
expected = digest(Random(1).randbytes(SIZE))
# While it runs, so that the reader and the process hold each other up.
check.assertEqual(digest(b"".join(chunk.data for chunk in client.stream_output(name))), expected)
client.wait_process(name)
check.assertEqual(digest(client.read_output(name)), expected)
frames = client.read_output_frames(name)
check.assertEqual(digest(b"".join(frame["data"] for frame in frames)), expected)
