"""sends signals, and refuses those that cannot be sent"""

from scenario import FAILED, PARENT, RUNNING, SUCCEEDED, check, connect, refused, shell

client = connect()


def forever(script="exec sleep 600"):
    return client.create_process(PARENT, shell(script), auto_run=True).name


for signal in (9, 15):
    name = forever()
    check.assertEqual(client.send_signal(name, signal).name, name)
    ended = client.wait_process(name)
    check.assertEqual((ended.state, ended.exit_code), (FAILED, 128 + signal))

trapping = forever("trap 'echo caught; exit 0' INT; echo ready; while :; do sleep 0.05; done")
output = client.stream_output(trapping)
check.assertEqual(next(output).data, b"ready\n")
check.assertEqual(client.send_signal(trapping, 2).state, RUNNING)
check.assertEqual([chunk.data for chunk in output], [b"caught\n"])
check.assertEqual(client.wait_process(trapping).state, SUCCEEDED)

with refused(400, "not RUNNING"):
    client.send_signal(trapping, 15)
name = forever()
with refused(400, "signal"):
    client.send_signal(name, 99)
