"""follows a process from before its start, while it runs, and again after its end"""

from concurrent.futures import ThreadPoolExecutor
from threading import Event

from scenario import PARENT, RUNNING, SUCCEEDED, check, connect, shell

client = connect()
script = """
trap 'printf "\\303" >&2; sleep 0.2; printf "\\244" >&2; exit 0' INT
printf first
while :; do sleep 0.05; done
"""
name = client.create_process(PARENT, shell(script)).name
seen = Event()
chunks = []


def follow():
    for chunk in connect().stream_output(name):
        chunks.append((chunk.stream.value, chunk.data))
        seen.set()


with ThreadPoolExecutor() as threads:
    # The call waits, since nothing runs yet.
    following = threads.submit(follow)
    check.assertFalse(seen.wait(0.3))
    check.assertFalse(following.done())
    client.start_process(name)
    seen.wait()
    check.assertEqual(chunks, [("OUTPUT_STREAM_STDOUT", b"first")])
    check.assertEqual(client.get_process(name).state, RUNNING)
    client.send_signal(name, 2)
    following.result()

# Bytes come as the process wrote them, with half a character in the meantime.
check.assertEqual({stream for stream, _ in chunks[1:]}, {"OUTPUT_STREAM_STDERR"})
check.assertEqual(b"".join(data for _, data in chunks[1:]), "ä".encode())
check.assertEqual(client.wait_process(name).state, SUCCEEDED)
replayed = b"".join(chunk.data for chunk in client.stream_output(name))
check.assertEqual(replayed, "firstä".encode())
