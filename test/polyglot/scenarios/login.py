"""logs in with a refresh token, by an endpoint that is given and by one that is discovered"""

import os

import h2o_engine_manager
from scenario import PARENT, ReportingClient, check, shell

environment = os.environ["H2O_ENVIRONMENT"]
logins = [
    h2o_engine_manager.login_custom(
        endpoint=os.environ["AIEM_URL"],
        refresh_token="refresh",
        issuer_url=f"{environment}/auth",
        client_id="platform-client",
    ),
    h2o_engine_manager.login(environment=environment, platform_token="refresh"),
]
for clients in logins:
    client = ReportingClient(clients.sandbox_clients.process_client)
    name = client.create_process(PARENT, shell("echo hello"), auto_run=True).name
    check.assertEqual(client.wait_process(name).exit_code, 0)
    check.assertEqual(client.read_output(name), b"hello\n")
