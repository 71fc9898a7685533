"""With asyncio: follows two processes from before their start, and waits for both."""

import asyncio

import grpc
from ai.h2o.engine.sandbox.v1 import process_service_pb2 as messages
from ai.h2o.engine.sandbox.v1.process_service_pb2_grpc import ProcessServiceStub
from aiem import PARENT, auth, connect, ending, shell


async def wait(service, name):
    """Waits in calls of one second, again and again until the process has ended."""
    while True:
        try:
            request = messages.WaitProcessRequest(name=name)
            return (await service.WaitProcess(request, metadata=auth(), timeout=1)).process
        except grpc.aio.AioRpcError as error:
            if error.code() != grpc.StatusCode.DEADLINE_EXCEEDED:
                raise


async def follow(service, script):
    request = messages.CreateProcessRequest(parent=PARENT, process=shell(script))
    created = (await service.CreateProcess(request, metadata=auth(), timeout=30)).process
    output = service.StreamOutput(
        messages.StreamOutputRequest(name=created.name), metadata=auth()
    )
    request = messages.StartProcessRequest(name=created.name)
    await service.StartProcess(request, metadata=auth(), timeout=30)
    async for chunk in output:
        print(chunk.data)
    # The end of the output is not the end of the process.
    return await wait(service, created.name)


async def main():
    async with connect(grpc.aio) as channel:
        service = ProcessServiceStub(channel)
        for ended in await asyncio.gather(
            follow(service, "echo fast"), follow(service, "sleep 1.5; echo slow; exit 2")
        ):
            print(ending(ended))


asyncio.run(main())
