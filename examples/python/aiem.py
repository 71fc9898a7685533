"""Where AIEM is, and what each call sends along: shared by the programs over gRPC."""

import os
from urllib.parse import urlsplit

import grpc
from ai.h2o.engine.sandbox.v1 import process_pb2

PARENT = os.environ["AIEM_PARENT"]


def auth():
    """The metadata of a call. Read before each one, so that a token may be renewed.

    grpcio takes 16 KiB of metadata in an answer, an error's message included.
    """
    return [("authorization", f"Bearer {os.environ['AIEM_TOKEN']}")]


def connect(channels=grpc, options=()):
    """Opens a channel of `grpc` or `grpc.aio`."""
    url = urlsplit(os.environ["AIEM_URL"])
    if url.scheme == "https":
        target = f"{url.hostname}:{url.port or 443}"
        return channels.secure_channel(target, grpc.ssl_channel_credentials(), options)
    return channels.insecure_channel(f"{url.hostname}:{url.port or 80}", options)


def shell(script):
    """A process that runs a shell script."""
    return process_pb2.Process(command="sh", args=["-c", script])


def ending(process):
    """How a process has ended."""
    # The state first: without field presence, a process that runs has exit code 0 as well.
    return f"{process_pb2.Process.State.Name(process.state)} {process.exit_code}"
