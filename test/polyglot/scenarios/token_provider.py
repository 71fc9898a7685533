"""asks its token provider before each request, and passes on what it raises"""

import os

from h2o_engine_manager.clients.connection_config import ConnectionConfig
from h2o_engine_manager.clients.sandbox.process.client import ProcessClient
from scenario import PARENT, ReportingClient, check, refused

tokens = [os.environ["AIEM_TOKEN"], "expired", os.environ["AIEM_TOKEN"]]
config = ConnectionConfig(os.environ["AIEM_URL"], lambda: tokens.pop(0))
client = ReportingClient(ProcessClient(config))
check.assertEqual(client.list_processes(PARENT), ([], ""))
with refused(401, ""):
    client.list_processes(PARENT)
check.assertEqual(client.list_processes(PARENT), ([], ""))
with check.assertRaises(IndexError):
    client.list_processes(PARENT)
