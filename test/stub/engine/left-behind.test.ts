import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { ProcessClient } from "../../../src/index.js";
import { type StubServer, startStubServer } from "../../../src/stub/index.js";
import { shell } from "../../support/commands.js";
import { exists, isAlive, until } from "./support.js";

const AUTO_RUN = { autoRun: true };
const PATIENCE = { timeoutMs: 20_000 };
const TICK = "echo tick && touch ticked && sleep 0.1";
const WHEN_TICKED = "until [ -e ticked ]; do sleep 0.01; done";

function rootOf(stub: StubServer): string {
  return stub.engines.get(stub.parent)?.rootDirectory ?? "";
}

describe("a descendant that goes on writing", () => {
  it.each([
    ["in the group", `(while :; do ${TICK}; done) & ${WHEN_TICKED}; exit 3`],
    ["outside of it", `setsid sh -c 'while :; do ${TICK} || exit; done' & ${WHEN_TICKED}; exit 3`],
  ])("%s holds up neither the final state nor close()", async (_where, script) => {
    await using stub = await startStubServer();
    await using client = new ProcessClient(stub.connection);
    const { name } = await client.createProcess(stub.parent, shell(script), AUTO_RUN);
    const finished = await client.waitProcess(name, PATIENCE);
    expect(finished).toMatchObject({ state: "STATE_FAILED", exitCode: 3 });
    expect(Buffer.from(await client.readOutput(name)).toString()).toMatch(/^tick/);
  });

  it("outside of the group holds up no engine that leaves RUNNING, and loses its pipe", async () => {
    await using stub = await startStubServer();
    await using client = new ProcessClient(stub.connection);
    const script = `setsid sh -c '
      until [ -s pid ]; do sleep 0.01; done
      while echo tick; do sleep 0.05; done
    ' & echo $! >pid; wait`;
    const { name } = await client.createProcess(stub.parent, shell(script), AUTO_RUN);
    for await (const _ of client.streamOutput(name)) {
      break;
    }
    const pid = Number(readFileSync(join(rootOf(stub), "pid"), "utf8"));
    expect(isAlive(pid)).toBe(true);
    await stub.engines.setState(stub.parent, "STATE_TERMINATED");
    await stub.engines.setState(stub.parent, "STATE_RUNNING");
    expect(await client.getProcess(name)).toMatchObject({ exitCode: 137 });
    await until(() => !isAlive(pid));
  });

  it("after the final state neither blocks nor dies, though nobody reads it", async () => {
    await using stub = await startStubServer();
    await using client = new ProcessClient(stub.connection);
    const script = `(
      until [ -e go ]; do sleep 0.01; done
      head -c 300000 /dev/zero && head -c 300000 /dev/zero >&2 && touch done
    ) & echo early; exit 0`;
    const { name } = await client.createProcess(stub.parent, shell(script), AUTO_RUN);
    await client.waitProcess(name, PATIENCE);
    writeFileSync(join(rootOf(stub), "go"), "");
    await until(() => exists(join(rootOf(stub), "done")));
    expect(Buffer.from(await client.readOutput(name)).toString()).toBe("early\n");
  });
});
