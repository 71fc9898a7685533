import { describe, expect, it } from "vitest";

import { createStubTransport, type EngineState, startStubServer } from "../../src/stub/index.js";

const ENGINE = "workspaces/w/sandboxEngines/e";

describe("options that cannot be", () => {
  it.each([0, -1, 1.5, 2 ** 31, Number.NaN, Number.POSITIVE_INFINITY])(
    "refuse maxConcurrentStreams %d",
    async (maxConcurrentStreams) => {
      const starting = startStubServer({ maxConcurrentStreams });
      await expect(starting).rejects.toThrow(TypeError);
      await expect(starting).rejects.toThrow(/maxConcurrentStreams/);
    },
  );

  it.each([1, 2 ** 31 - 1])("but not maxConcurrentStreams %d", async (maxConcurrentStreams) => {
    await using stub = await startStubServer({ maxConcurrentStreams });
    expect((await fetch(`${stub.url}/version`)).status).toBe(200);
  });

  it.each([
    ["that are empty", { "": "users/a" }, /empty/],
    ["with white space", { "a b": "users/a" }, /white space/],
    ["that would change the order of users", { alice: "users/a", 42: "users/b" }, /whole number/],
  ])("refuse tokens %s", async (_title, users, message) => {
    await expect(startStubServer({ users })).rejects.toThrow(message);
    expect(() => createStubTransport({ users })).toThrow(TypeError);
  });

  it("but not a whole number as the only token", async () => {
    await using stub = createStubTransport({ users: { 42: "users/a" } });
    expect(stub.token).toBe("42");
  });

  it("refuse what is no state of an engine, before anything is ended or created", async () => {
    await using stub = createStubTransport();
    // What a caller in JavaScript can say.
    const state: EngineState = JSON.parse('"RUNNING"');
    await expect(stub.engines.setState(stub.parent, state)).rejects.toThrow(/STATE_RUNNING/);
    expect(stub.engines.get(stub.parent)?.state).toBe("STATE_RUNNING");
    expect(() => stub.engines.create(ENGINE, { state })).toThrow(TypeError);
    expect(stub.engines.get(ENGINE)).toBeUndefined();
  });
});

describe("the engines of a stub", () => {
  it("show what a user may do with them, and no more", async () => {
    await using stub = createStubTransport();
    expect(Object.keys(stub.engines).sort()).toEqual(["create", "delete", "get", "setState"]);
    const engine = stub.engines.create(ENGINE);
    expect(Object.keys(engine).sort()).toEqual(["creator", "name", "rootDirectory", "state"]);
    await stub.engines.setState(ENGINE, "STATE_FAILED");
    expect(engine.state).toBe("STATE_FAILED");
    expect(stub.engines.get(ENGINE)).toEqual(engine);
    await stub.engines.delete(ENGINE);
    expect(stub.engines.get(ENGINE)).toBeUndefined();
  });
});
