"""A stub for the run, and for each test an engine and a client of its own."""

import json
import os
import subprocess
import urllib.request
import uuid

import pytest
from h2o_engine_manager.clients.connection_config import ConnectionConfig
from h2o_engine_manager.clients.sandbox.process.client import ProcessClient

SERVE = ["node_modules/.bin/aiem-process", "serve", "--control", "--json"]
# No proxy of yours leads to this machine.
os.environ["NO_PROXY"] = os.environ["no_proxy"] = "127.0.0.1"


def pytest_configure(config):
    # Already there: by `serve --control -- pytest`, or in a worker of pytest-xdist by its controller.
    if "AIEM_CONTROL_URL" in os.environ:
        return
    config.stub = subprocess.Popen(SERVE, stdout=subprocess.PIPE)
    ready = json.loads(config.stub.stdout.readline())
    os.environ["AIEM_URL"] = ready["url"]
    os.environ["AIEM_TOKEN"] = ready["token"]
    os.environ["AIEM_CONTROL_URL"] = ready["controlUrl"]
    os.environ["AIEM_CONTROL_TOKEN"] = ready["controlToken"]


def pytest_unconfigure(config):
    if hasattr(config, "stub"):
        config.stub.terminate()
        config.stub.wait()


def control(method, path, body=None):
    """Calls the control API of the stub."""
    request = urllib.request.Request(
        f"{os.environ['AIEM_CONTROL_URL']}/{path}",
        method=method,
        data=None if body is None else json.dumps(body).encode(),
        headers={"authorization": f"Bearer {os.environ['AIEM_CONTROL_TOKEN']}"},
    )
    with urllib.request.urlopen(request, timeout=30) as response:
        return json.load(response)


@pytest.fixture
def parent():
    name = f"workspaces/test/sandboxEngines/e-{uuid.uuid4()}"
    control("PUT", name, {})
    yield name
    control("DELETE", name)


@pytest.fixture
def client():
    return ProcessClient(
        ConnectionConfig(
            aiem_url=os.environ["AIEM_URL"],
            token_provider=lambda: os.environ["AIEM_TOKEN"],
        )
    )


@pytest.fixture
def add_fault():
    """Adds faults for the time of a test. One that names its process meets no other test's."""
    added = []
    yield lambda **fault: added.append(control("POST", "faults", fault)["id"])
    for id in added:
        control("DELETE", f"faults/{id}")
