"""follows only what is new, where the replay is skipped"""

from scenario import PARENT, check, connect, shell

client = connect()
script = "trap 'echo new; exit 0' INT; echo old; while :; do echo tick >&2; sleep 0.05; done"
name = client.create_process(PARENT, shell(script), auto_run=True).name
for chunk in client.stream_output(name):
    if chunk.stream.value == "OUTPUT_STREAM_STDOUT":
        break

new = client.stream_output(name, skip_replay=True)
check.assertEqual(next(new).stream.value, "OUTPUT_STREAM_STDERR")
client.send_signal(name, 2)
out = [chunk.data for chunk in new if chunk.stream.value == "OUTPUT_STREAM_STDOUT"]
check.assertEqual(out, [b"new\n"])

client.wait_process(name)
check.assertEqual(list(client.stream_output(name, skip_replay=True)), [])
check.assertEqual(client.read_output(name, "OUTPUT_STREAM_STDOUT"), b"old\nnew\n")
