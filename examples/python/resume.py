"""Follows the output across lost connections: each byte once."""

import collections
import sys
import time

import grpc
from ai.h2o.engine.sandbox.v1 import process_pb2, process_service_pb2 as messages
from ai.h2o.engine.sandbox.v1.process_service_pb2_grpc import ProcessServiceStub
from aiem import PARENT, auth, connect, shell

# An outage that lasts for so many attempts is the end. With what comes in between, a new one begins.
MOST_ATTEMPTS = 5


def follow(service, name):
    """Yields the output of a process, as pairs of its stream and bytes, from the first to the last.

    A stream that breaks is opened again. AIEM sends all from the first byte then, so that what was
    yielded has to be skipped. It is counted for each of the two streams: how their bytes are mixed can
    differ between replays.
    """
    yielded = collections.Counter()
    attempts = 0
    while True:
        attempts += 1
        seen = collections.Counter()
        output = service.StreamOutput(
            messages.StreamOutputRequest(name=name), metadata=auth()
        )
        try:
            for chunk in output:
                old = max(yielded[chunk.stream] - seen[chunk.stream], 0)
                seen[chunk.stream] += len(chunk.data)
                if data := chunk.data[old:]:
                    attempts = 1
                    yielded[chunk.stream] += len(data)
                    yield chunk.stream, data
            # The end of a stream is no proof: the process tells whether it has ended.
            if has_ended(service, name):
                return
        except grpc.RpcError as error:
            if error.code() is not grpc.StatusCode.UNAVAILABLE or attempts == MOST_ATTEMPTS:
                raise
        finally:
            # Whoever leaves a stream has to cancel it.
            output.cancel()
        if attempts == MOST_ATTEMPTS:
            raise TimeoutError(f"the output of {name} ends, and the process runs on")
        time.sleep(0.1 * attempts)


def has_ended(service, name):
    request = messages.GetProcessRequest(name=name)
    return service.GetProcess(request, metadata=auth(), timeout=30).process.HasField("end_time")


def main():
    script = "for i in 1 2 3; do echo out $i; echo err $i >&2; sleep 0.1; done"
    with connect() as channel:
        service = ProcessServiceStub(channel)
        request = messages.CreateProcessRequest(
            parent=PARENT, process=shell(script), auto_run=True
        )
        process = service.CreateProcess(request, metadata=auth(), timeout=30).process
        for stream, data in follow(service, process.name):
            is_stderr = stream == process_pb2.OUTPUT_STREAM_STDERR
            into = sys.stderr if is_stderr else sys.stdout
            # Bytes as they came: a chunk can split a line, and a character too.
            into.buffer.write(data)
            into.buffer.flush()


if __name__ == "__main__":
    main()
