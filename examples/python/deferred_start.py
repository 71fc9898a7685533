"""Follows a process from before its start, so that no byte has to be replayed."""

from ai.h2o.engine.sandbox.v1 import process_pb2, process_service_pb2 as messages
from ai.h2o.engine.sandbox.v1.process_service_pb2_grpc import ProcessServiceStub
from aiem import PARENT, auth, connect, ending, shell

with connect() as channel:
    service = ProcessServiceStub(channel)
    name = service.CreateProcess(
        messages.CreateProcessRequest(
            parent=PARENT, process=shell("echo first; sleep 0.5; echo second >&2; exit 1")
        ),
        metadata=auth(),
        timeout=30,
    ).process.name

    # Sent at once, while the process is pending. Nothing comes back before the first output, headers
    # neither: do not ask for initial_metadata() here, which would wait for them.
    output = service.StreamOutput(messages.StreamOutputRequest(name=name), metadata=auth())
    service.StartProcess(messages.StartProcessRequest(name=name), metadata=auth(), timeout=30)
    for chunk in output:
        print(process_pb2.OutputStream.Name(chunk.stream), chunk.data)

    # The end of the output is not the end of the process.
    ended = service.WaitProcess(messages.WaitProcessRequest(name=name), metadata=auth()).process
    print(ending(ended))
