"""Reads an output that is larger than the 4 MiB that grpcio takes by default."""

import grpc
from ai.h2o.engine.sandbox.v1 import process_pb2, process_service_pb2 as messages
from ai.h2o.engine.sandbox.v1.process_service_pb2_grpc import ProcessServiceStub
from aiem import PARENT, auth, connect, shell

SIZE = 5 * 1024 * 1024


def read(channel, name):
    request = messages.ReadOutputRequest(
        name=name, output_stream=process_pb2.OUTPUT_STREAM_STDOUT
    )
    return ProcessServiceStub(channel).ReadOutput(request, metadata=auth(), timeout=300).data


with connect() as channel:
    service = ProcessServiceStub(channel)
    name = service.CreateProcess(
        messages.CreateProcessRequest(
            parent=PARENT, process=shell(f"head -c {SIZE} /dev/zero"), auto_run=True
        ),
        metadata=auth(),
        timeout=30,
    ).process.name
    service.WaitProcess(messages.WaitProcessRequest(name=name), metadata=auth())
    try:
        read(channel, name)
    except grpc.RpcError as error:
        # The answer was there, and grpcio refused it: a server that is out of something has the same
        # code, and only the details tell which it was.
        print(error.code(), error.details())

    # Chunks of a stream are small, so this needs no larger limit, and holds one chunk in memory.
    request = messages.StreamOutputRequest(name=name)
    chunks = service.StreamOutput(request, metadata=auth())
    print("streamed", sum(len(chunk.data) for chunk in chunks))

# A limit holds for a channel, and -1 is none.
with connect(options=[("grpc.max_receive_message_length", 64 * 1024 * 1024)]) as large:
    print("read", len(read(large, name)))
