import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeAll, describe, expect, inject, it } from "vitest";
import { run } from "../support/run-tool.js";
import { runPython } from "./support/run-python.js";

const found = inject("h2oPython");
const python = "python" in found ? found.python : "";
const untested = "missing" in found ? ` (not tested: ${found.missing})` : "";

/** A program that logs in as H2O documents it, and meets a fault that it has ordered. */
const PROGRAM = `
import json, os, urllib.request
import h2o_engine_manager
from h2o_engine_manager.clients.exception import CustomApiException
from h2o_engine_manager.clients.sandbox.process.ps import Process

def control(method, path, body=None):
    return json.load(urllib.request.urlopen(urllib.request.Request(
        os.environ["AIEM_CONTROL_URL"] + path,
        method=method,
        data=None if body is None else json.dumps(body).encode(),
        headers={"authorization": "Bearer " + os.environ["AIEM_CONTROL_TOKEN"]},
    )))

client = h2o_engine_manager.login().sandbox_clients.process_client
process = client.create_process(
    os.environ["AIEM_PARENT"], Process(command="echo", args=["hello"]), auto_run=True
)
print(client.wait_process(process.name).exit_code, client.read_output(process.name))
control("POST", "/faults", {"method": "GetProcess", "fault": "status", "code": "UNAVAILABLE"})
try:
    client.get_process(process.name)
except CustomApiException as error:
    print(error.status)
print(client.get_process(process.name).state.value)
print(control("GET", "/calls")["methods"]["GetProcess"])
`;

describe.skipIf("missing" in found)(`serve around H2O's Python client${untested}`, () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "aiem-serve-"));
    run("node", ["scripts/bundle-cli.mjs", folder]);
    return () => rmSync(folder, { recursive: true, force: true });
  });

  it("lets it log in without arguments, and breaks where it is told to", async () => {
    const cli = [join(folder, "aiem-process.js"), "serve", "--control", "--"];
    const ended = await runPython(process.execPath, [...cli, python, "-c", PROGRAM]);
    expect(ended).toEqual({
      exitCode: 0,
      stdout: "0 b'hello\\n'\n503\nSTATE_SUCCEEDED\n2\n",
      stderr: "",
    });
  });
});
