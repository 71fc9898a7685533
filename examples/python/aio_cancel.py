"""With asyncio: stops following a process, and ends it; and tells an error by its code."""

import asyncio
import signal

import grpc
from ai.h2o.engine.sandbox.v1 import process_service_pb2 as messages
from ai.h2o.engine.sandbox.v1.process_service_pb2_grpc import ProcessServiceStub
from aiem import PARENT, auth, connect, ending, shell


async def main():
    async with connect(grpc.aio) as channel:
        service = ProcessServiceStub(channel)
        request = messages.CreateProcessRequest(
            parent=PARENT, process=shell("echo ready; exec sleep 600"), auto_run=True
        )
        created = (await service.CreateProcess(request, metadata=auth(), timeout=30)).process

        request = messages.StreamOutputRequest(name=created.name)
        output = service.StreamOutput(request, metadata=auth())
        try:
            async with asyncio.timeout(1):
                async for chunk in output:
                    print(chunk.data)
        except TimeoutError:
            # Who is cancelled while it reads cancels the call. Leaving the loop does not: call
            # output.cancel() then. A read after that raises asyncio.CancelledError, as if the task
            # had been cancelled.
            print("cancelled:", output.cancelled())

        request = messages.SendSignalRequest(name=created.name, signal=signal.SIGTERM)
        await service.SendSignal(request, metadata=auth(), timeout=30)
        request = messages.WaitProcessRequest(name=created.name)
        print(ending((await service.WaitProcess(request, metadata=auth())).process))

        try:
            request = messages.GetProcessRequest(name=f"{PARENT}/processes/nobody")
            await service.GetProcess(request, metadata=auth(), timeout=30)
        except grpc.aio.AioRpcError as error:
            print(error.code().name)


asyncio.run(main())
