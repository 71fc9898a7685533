"""raises where the server ends a stream with an error, and gets all of it the next time"""

from scenario import PARENT, check, connect, shell

client = connect()
# The stub is told to break the first stream of this process after three bytes.
name = client.create_process(PARENT, shell("printf abcdef"), process_id="breaks").name
client.start_process(name)
client.wait_process(name)

received = []
with check.assertRaisesRegex(RuntimeError, "stream output failed: the engine was moved"):
    for chunk in client.stream_output(name):
        received.append(chunk.data)
check.assertEqual(received, [b"abc"])
check.assertEqual(b"".join(chunk.data for chunk in client.stream_output(name)), b"abcdef")
