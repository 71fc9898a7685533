"""H2O's own client, in an H2O environment: it finds AIEM, and renews its token."""

import os

import h2o_engine_manager
from h2o_engine_manager.clients.sandbox.process.ps import Process

# H2O_CLOUD_ENVIRONMENT and H2O_CLOUD_CLIENT_PLATFORM_TOKEN are read by H2O's packages themselves, and
# so is the configuration of the H2O CLI.
client = h2o_engine_manager.login().sandbox_clients.process_client
process = Process(command="echo", args=["hello"])
name = client.create_process(os.environ["AIEM_PARENT"], process, auto_run=True).name
print(client.wait_process(name).exit_code)
print(client.read_output(name).decode(), end="")
