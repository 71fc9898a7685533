"""raises H2O's exception, with the server's words, where a call cannot be done"""

import os

from scenario import PARENT, Process, calls_on, check, connect, refused, run, shell

client = connect()

missing = f"{PARENT}/processes/missing"
for call in calls_on(client, missing).values():
    with refused(404, "missing"):
        call()

client.create_process(PARENT, shell(":"), process_id="taken")
with refused(409, "taken"):
    client.create_process(PARENT, shell(":"), process_id="taken")
with refused(400, "process_id"):
    client.create_process(PARENT, shell(":"), process_id="Not An Id")
with refused(400, "command"):
    client.create_process(PARENT, Process())
with refused(400, "start"):
    client.start_process(run(client, ":").name)

stopped = os.environ["AIEM_STOPPED_PARENT"]
with refused(400, "not in running state"):
    client.create_process(stopped, shell(":"))
with refused(400, "not in running state"):
    client.list_processes(stopped)
