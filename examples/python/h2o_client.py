"""H2O's own client, which speaks REST: no generated code is needed."""

import os

from h2o_engine_manager.clients.connection_config import ConnectionConfig
from h2o_engine_manager.clients.exception import CustomApiException
from h2o_engine_manager.clients.sandbox.process.client import ProcessClient
from h2o_engine_manager.clients.sandbox.process.ps import Process

client = ProcessClient(
    ConnectionConfig(
        aiem_url=os.environ["AIEM_URL"], token_provider=lambda: os.environ["AIEM_TOKEN"]
    )
)
parent = os.environ["AIEM_PARENT"]

name = client.create_process(parent, Process(command="sh", args=["-c", "echo hello; exit 3"])).name
client.start_process(name)
for chunk in client.stream_output(name):
    print(chunk.stream.value, chunk.data)
# wait_process() has no limit. The end of this one ends the wait, not the process.
ended = client.wait_process_by_polling(name, timeout_seconds=60)
try:
    client.get_process(f"{parent}/processes/nobody")
except CustomApiException as error:
    print(error.status)
print(ended.state.value, ended.exit_code)
