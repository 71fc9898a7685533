"""Creates a process that starts at once, reads what it wrote, and tells how it ended."""

from uuid import uuid4

from ai.h2o.engine.sandbox.v1 import process_pb2, process_service_pb2 as messages
from ai.h2o.engine.sandbox.v1.process_service_pb2_grpc import ProcessServiceStub
from aiem import PARENT, auth, connect, ending, shell

with connect() as channel:
    service = ProcessServiceStub(channel)
    # With an id of your own, GetProcess tells after a lost answer whether there is a process.
    created = service.CreateProcess(
        messages.CreateProcessRequest(
            parent=PARENT,
            process_id=f"p-{uuid4()}",
            process=shell("echo hello; exit 3"),
            auto_run=True,
        ),
        metadata=auth(),
        timeout=30,
    ).process
    ended = service.WaitProcess(
        messages.WaitProcessRequest(name=created.name), metadata=auth()
    ).process
    output = service.ReadOutput(
        messages.ReadOutputRequest(
            name=created.name, output_stream=process_pb2.OUTPUT_STREAM_COMBINED
        ),
        metadata=auth(),
        timeout=300,
    )
    print(output.data.decode(), end="")
    print(ending(ended))
