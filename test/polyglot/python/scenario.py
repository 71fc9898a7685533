"""What the scenarios have in common.

A scenario is a program that uses H2O's published client against the servers that its environment
names. It reports each method that did its work as one line of JSON, and ends with exit code 0
unless something is not as promised. Its docstring is its title.
"""

import faulthandler
import inspect
import json
import os
import unittest
from contextlib import contextmanager

from h2o_engine_manager.clients.connection_config import ConnectionConfig
from h2o_engine_manager.clients.exception import CustomApiException
from h2o_engine_manager.clients.sandbox.process.client import ProcessClient
from h2o_engine_manager.clients.sandbox.process.process_state import ProcessState
from h2o_engine_manager.clients.sandbox.process.ps import Process

# A scenario that hangs tells where, before its time is over.
faulthandler.dump_traceback_later(25, exit=True)

PARENT = os.environ["AIEM_PARENT"]
SUCCEEDED, FAILED = ProcessState.STATE_SUCCEEDED, ProcessState.STATE_FAILED
PENDING, RUNNING = ProcessState.STATE_PENDING, ProcessState.STATE_RUNNING

check = unittest.TestCase()
check.maxDiff = None


class ReportingClient:
    """Hands every call to H2O's client as it is, and reports those that did their work."""

    def __init__(self, client):
        self._client = client

    def __getattr__(self, name):
        method = getattr(self._client, name)

        def call(*args, **kwargs):
            result = method(*args, **kwargs)
            if inspect.isgenerator(result):
                return _reported_at_its_end(name, result)
            _report(name)
            return result

        return call


def _reported_at_its_end(name, generator):
    yield from generator
    _report(name)


def _report(name):
    print(json.dumps({"method": name}), flush=True)


def connect(token=os.environ["AIEM_TOKEN"], url=os.environ["AIEM_URL"], **options):
    """A client of the stub, by default as the first user."""
    config = ConnectionConfig(aiem_url=url, token_provider=lambda: token)
    return ReportingClient(ProcessClient(config, **options))


def shell(script, **more):
    """What to run: a script of the shell."""
    return Process(command="/bin/sh", args=["-c", script], **more)


def run(client, script, **more):
    """Runs a script to its end."""
    started = client.create_process(PARENT, shell(script, **more), auto_run=True)
    return client.wait_process(started.name)


@contextmanager
def refused(status, text):
    """Expects H2O's exception, with an HTTP status and a part of its text."""
    with check.assertRaises(CustomApiException) as caught:
        yield
    check.assertEqual(caught.exception.status, status, str(caught.exception))
    check.assertIn(text, str(caught.exception))


def calls_on(client, name):
    """Each call that takes the name of a process."""
    return {
        "start_process": lambda: client.start_process(name),
        "get_process": lambda: client.get_process(name),
        "send_signal": lambda: client.send_signal(name, 15),
        "wait_process": lambda: client.wait_process(name),
        "wait_process_by_polling": lambda: client.wait_process_by_polling(name),
        "read_output": lambda: client.read_output(name),
        "read_output_frames": lambda: client.read_output_frames(name),
        "stream_output": lambda: list(client.stream_output(name)),
    }
