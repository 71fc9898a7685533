"""passes arguments, variables, secrets and a working directory on, and shows them again"""

import os

from h2o_engine_manager.clients.sandbox.process.secret_environment_variable import (
    SecretEnvironmentVariable,
)
from scenario import PARENT, Process, check, connect, refused, run, shell

client = connect()
run(client, "mkdir -p 'data/größe 数'")

asked = Process(
    command="/bin/sh",
    args=["-c", 'printf "%s|" "${PWD##*/}" "$PLAIN" "$BOTH" "$@"', "sh", "", "a b", "ä\n\"'\\"],
    working_directory="/data/größe 数",
    environment_variables={"PLAIN": "π=3,14 \t", "BOTH": "of the request"},
    secret_environment_variables={
        "BOTH": SecretEnvironmentVariable(secret_version=os.environ["SECRET_VERSION"])
    },
)
created = client.create_process(PARENT, asked, auto_run=True)
for field in ("command", "args", "working_directory", "environment_variables"):
    check.assertEqual(getattr(created, field), getattr(asked, field))
check.assertEqual(created.secret_environment_variables, asked.secret_environment_variables)

client.wait_process(created.name)
expected = ["größe 数", "π=3,14 \t", os.environ["SECRET_VALUE"], "", "a b", "ä\n\"'\\", ""]
check.assertEqual(client.read_output(created.name).decode(), "|".join(expected))

with refused(400, "missing"):
    client.create_process(PARENT, shell(":", working_directory="/missing"), auto_run=True)
