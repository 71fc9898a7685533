"""Tells errors apart by their codes; their texts are for people."""

import grpc
from ai.h2o.engine.sandbox.v1 import process_service_pb2 as messages
from ai.h2o.engine.sandbox.v1.process_service_pb2_grpc import ProcessServiceStub
from aiem import PARENT, auth, connect

with connect() as channel:
    service = ProcessServiceStub(channel)
    request = messages.GetProcessRequest(name=f"{PARENT}/processes/nobody")
    try:
        service.GetProcess(request, metadata=auth(), timeout=30)
    except grpc.RpcError as error:
        if error.code() != grpc.StatusCode.NOT_FOUND:
            raise
        print(error.details())
        print(error.code().name)
