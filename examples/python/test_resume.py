"""Tests of resume.py, for which the stub breaks where it is told to.

    npx aiem-process serve --control -- .venv/bin/python -m unittest

pytest runs them as well.
"""

import json
import os
import unittest
import urllib.request

import grpc
from ai.h2o.engine.sandbox.v1 import process_service_pb2 as messages
from ai.h2o.engine.sandbox.v1.process_service_pb2_grpc import ProcessServiceStub
from aiem import PARENT, auth, connect, shell
from resume import MOST_ATTEMPTS, follow

CONTROL = os.environ.get("AIEM_CONTROL_URL", "")
SCRIPT = 'for word in one two three; do printf "$word "; sleep 0.2; done'
OUTPUT = b"one two three "


def control(method, path, body=None):
    """Calls the control API of the stub."""
    request = urllib.request.Request(
        CONTROL + path,
        method=method,
        data=None if body is None else json.dumps(body).encode(),
        headers={"authorization": f"Bearer {os.environ['AIEM_CONTROL_TOKEN']}"},
    )
    with urllib.request.urlopen(request, timeout=30) as response:
        return json.load(response)


def opened():
    """How many streams were opened."""
    return control("GET", "/calls")["methods"]["StreamOutput"]


@unittest.skipIf(CONTROL == "", "needs a stub with the control API: aiem-process serve --control")
class FollowTest(unittest.TestCase):
    def begin(self, *faults):
        """Starts a process, and puts faults on what comes after."""
        channel = self.enterContext(connect())
        service = ProcessServiceStub(channel)
        request = messages.CreateProcessRequest(
            parent=PARENT, process=shell(SCRIPT), auto_run=True
        )
        name = service.CreateProcess(request, metadata=auth(), timeout=30).process.name
        control("DELETE", "/faults")
        for fault in faults:
            control("POST", "/faults", fault)
        return follow(service, name)

    def test_yields_each_byte_once(self):
        stream = {"method": "StreamOutput"}
        for faults in [
            [],
            [{**stream, "fault": "reset", "at": {"bytes": 5}}],
            [{**stream, "fault": "end", "at": {"bytes": 2}}],
            [
                {**stream, "nth": 1, "fault": "close", "at": {"bytes": 1}},
                {**stream, "nth": 2, "fault": "status", "code": "UNAVAILABLE", "at": {"bytes": 1}},
                {**stream, "nth": 3, "fault": "reset", "at": {"bytes": 6}},
                {"method": "GetProcess", "fault": "status", "code": "UNAVAILABLE"},
            ],
        ]:
            with self.subTest(faults=faults):
                output = b"".join(data for _, data in self.begin(*faults))
                self.assertEqual(output, OUTPUT)
                self.assertGreaterEqual(opened(), 2 if faults else 1)

    def test_goes_on_after_a_restart(self):
        chunks = []
        for _, data in self.begin():
            if not chunks:
                control("POST", "/restart", {"downMs": 100})
            chunks.append(data)
        self.assertEqual(b"".join(chunks), OUTPUT)

    def test_raises_what_no_attempt_mends(self):
        fault = {"method": "StreamOutput", "fault": "status", "code": "PERMISSION_DENIED"}
        with self.assertRaises(grpc.RpcError) as raised:
            list(self.begin(fault))
        self.assertIs(raised.exception.code(), grpc.StatusCode.PERMISSION_DENIED)
        self.assertEqual(opened(), 1)

    def test_gives_up_after_the_most_attempts(self):
        fault = {"method": "StreamOutput", "nth": "every", "fault": "reset"}
        with self.assertRaises(grpc.RpcError) as raised:
            list(self.begin(fault))
        self.assertIs(raised.exception.code(), grpc.StatusCode.UNAVAILABLE)
        self.assertEqual(opened(), MOST_ATTEMPTS)


if __name__ == "__main__":
    unittest.main()
