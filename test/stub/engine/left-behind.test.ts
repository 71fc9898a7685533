import { describe, expect, it } from "vitest";
import { ProcessClient } from "../../../src/index.js";
import { startStubServer } from "../../../src/stub/index.js";
import { shell } from "../../support/commands.js";

const AUTO_RUN = { autoRun: true };

describe("a descendant that goes on writing", () => {
  it.each([
    ["in the group", "(while :; do echo tick; sleep 0.1; done) & exit 3"],
    ["outside of it", "setsid sh -c 'for i in $(seq 80); do echo t; sleep 0.1; done' & exit 3"],
  ])("%s holds up neither the final state nor close()", async (_where, script) => {
    await using stub = await startStubServer();
    await using client = new ProcessClient(stub.connection);
    const { name } = await client.createProcess(stub.parent, shell(script), AUTO_RUN);
    const finished = await client.waitProcess(name, { timeoutMs: 6_000 });
    expect(finished).toMatchObject({ state: "STATE_FAILED", exitCode: 3 });
    expect(Buffer.from(await client.readOutput(name)).toString()).toMatch(/^t/);
  });
});

describe("options that cannot be", () => {
  it.each([0, -1, 1.5, 5e9, Number.NaN])("refuse maxConcurrentStreams %d", async (limit) => {
    const starting = startStubServer({ maxConcurrentStreams: limit });
    await expect(starting).rejects.toThrow(/maxConcurrentStreams/);
  });

  it("refuse tokens that are empty, hold spaces, or change the order of users", async () => {
    await expect(startStubServer({ users: { "": "users/a" } })).rejects.toThrow(/token/);
    await expect(startStubServer({ users: { "a b": "users/a" } })).rejects.toThrow(/token/);
    const users = { alice: "users/a", 42: "users/b" };
    await expect(startStubServer({ users })).rejects.toThrow(/whole number/);
  });

  it("refuse what is no state of an engine", async () => {
    await using stub = await startStubServer();
    // @ts-expect-error: what a caller in JavaScript can do
    await expect(stub.engines.setState(stub.parent, "RUNNING")).rejects.toThrow(/STATE_RUNNING/);
  });
});
