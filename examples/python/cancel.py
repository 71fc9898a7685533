"""Stops following a process, which runs on, and then ends the process."""

import signal

import grpc
from ai.h2o.engine.sandbox.v1 import process_pb2, process_service_pb2 as messages
from ai.h2o.engine.sandbox.v1.process_service_pb2_grpc import ProcessServiceStub
from aiem import PARENT, auth, connect, ending, shell

with connect() as channel:
    service = ProcessServiceStub(channel)
    name = service.CreateProcess(
        messages.CreateProcessRequest(
            parent=PARENT, process=shell("echo ready; exec sleep 600"), auto_run=True
        ),
        metadata=auth(),
        timeout=30,
    ).process.name

    output = service.StreamOutput(messages.StreamOutputRequest(name=name), metadata=auth())
    print(next(output).data)
    # Leaving a loop does not do this, as long as something refers to the call. What is not cancelled
    # counts against the server's limit of calls on a connection.
    output.cancel()
    try:
        next(output)
    except grpc.RpcError as error:
        print(error.code().name)

    running = service.GetProcess(
        messages.GetProcessRequest(name=name), metadata=auth(), timeout=30
    ).process
    print(process_pb2.Process.State.Name(running.state))
    service.SendSignal(
        messages.SendSignalRequest(name=name, signal=signal.SIGTERM), metadata=auth(), timeout=30
    )
    ended = service.WaitProcess(messages.WaitProcessRequest(name=name), metadata=auth()).process
    print(ending(ended))
