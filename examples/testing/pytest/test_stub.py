import pytest
from h2o_engine_manager.clients.exception import CustomApiException
from h2o_engine_manager.clients.sandbox.process.ps import Process


def test_process_that_fails(client, parent):
    process = Process(command="sh", args=["-c", "echo hello; exit 3"])
    name = client.create_process(parent, process, auto_run=True).name
    assert client.wait_process(name).exit_code == 3
    assert client.read_output(name) == b"hello\n"


def test_engine_is_the_test_s_own(client, parent):
    processes, _ = client.list_processes(parent)
    assert processes == []


def test_outage(client, parent, add_fault):
    name = client.create_process(parent, Process(command="true")).name
    add_fault(method="StartProcess", process=name, fault="status", code="UNAVAILABLE")
    with pytest.raises(CustomApiException) as raised:
        client.start_process(name)
    assert raised.value.status == 503
    # The fault was for one call.
    client.start_process(name)
    assert client.wait_process(name).exit_code == 0
