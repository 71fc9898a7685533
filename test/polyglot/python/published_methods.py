"""Prints the public methods of H2O's ProcessClient, one a line."""

import inspect

from h2o_engine_manager.clients.sandbox.process.client import ProcessClient

for name, _ in inspect.getmembers(ProcessClient, inspect.isfunction):
    if not name.startswith("_"):
        print(name)
