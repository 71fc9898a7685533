"""starts a process at once, under an id that the server makes"""

from uuid import UUID

from scenario import PARENT, PENDING, SUCCEEDED, check, connect, shell

client = connect()
created = client.create_process(PARENT, shell("echo ran"), auto_run=True)
UUID(created.name.rpartition("/")[2])
check.assertNotEqual(created.state, PENDING)

ended = client.wait_process(created.name)
check.assertEqual((ended.state, ended.exit_code), (SUCCEEDED, 0))
check.assertEqual(client.read_output(created.name), b"ran\n")
