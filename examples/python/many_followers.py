"""Follows more processes than a server takes calls on one connection, which is often 100."""

import grpc
from ai.h2o.engine.sandbox.v1 import process_service_pb2 as messages
from ai.h2o.engine.sandbox.v1.process_service_pb2_grpc import ProcessServiceStub
from aiem import PARENT, auth, connect, shell

LIMIT = 100


def follow(channel, name):
    output = ProcessServiceStub(channel).StreamOutput(
        messages.StreamOutputRequest(name=name), metadata=auth()
    )
    next(output)
    return output


def get(channel, name):
    request = messages.GetProcessRequest(name=name)
    return ProcessServiceStub(channel).GetProcess(request, metadata=auth(), timeout=2)


with connect() as channel:
    name = (
        ProcessServiceStub(channel)
        .CreateProcess(
            messages.CreateProcessRequest(
                parent=PARENT, process=shell("echo ready; exec sleep 600"), auto_run=True
            ),
            metadata=auth(),
            timeout=30,
        )
        .process.name
    )
    followers = [follow(channel, name) for _ in range(LIMIT)]
    try:
        get(channel, name)
    except grpc.RpcError as error:
        # The call was never sent: it waited for a follower to end. Without a timeout it would still.
        print("on a channel with 100 followers:", error.code().name)

    # Channels with the same options share their connections, and so the limit.
    with connect() as same:
        try:
            get(same, name)
        except grpc.RpcError as error:
            print("on a second channel:", error.code().name)

    with connect(options=[("grpc.use_local_subchannel_pool", 1)]) as other:
        get(other, name)
        followers += [follow(other, name) for _ in range(50)]
        print("with a connection of its own:", len(followers), "followers")
