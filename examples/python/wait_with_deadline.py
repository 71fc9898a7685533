"""Waits in calls of one second, again and again until the process has ended."""

import grpc
from ai.h2o.engine.sandbox.v1 import process_service_pb2 as messages
from ai.h2o.engine.sandbox.v1.process_service_pb2_grpc import ProcessServiceStub
from aiem import PARENT, auth, connect, ending, shell

with connect() as channel:
    service = ProcessServiceStub(channel)
    name = service.CreateProcess(
        messages.CreateProcessRequest(parent=PARENT, process=shell("sleep 1.5"), auto_run=True),
        metadata=auth(),
        timeout=30,
    ).process.name
    while True:
        try:
            # Without a timeout this waits for as long as the process runs. It never ends the process.
            ended = service.WaitProcess(
                messages.WaitProcessRequest(name=name), metadata=auth(), timeout=1
            ).process
            break
        except grpc.RpcError as error:
            if error.code() != grpc.StatusCode.DEADLINE_EXCEEDED:
                raise
            print("still running")
    print(ending(ended))
