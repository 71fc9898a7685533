import { existsSync, mkdtempSync, rmdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inspect } from "node:util";
import { describe, expect, it } from "vitest";

import {
  createStubTransport,
  type EngineState,
  type StubServerOptions,
  startStubServer,
} from "../../src/stub/index.js";

const ENGINE = "workspaces/w/sandboxEngines/e";

/** Values that neither the server nor the transport can use. */
const SHARED: readonly [option: string, value: unknown][] = [
  ["users", { a: 5 }],
  ["users", ["a"]],
  ["users", null],
  ["users", "a"],
  ["secrets", { "workspaces/w/secrets/s/versions/1": 5 }],
  ["secrets", new Map([["workspaces/w/secrets/s/versions/1", "x"]])],
  ["secrets", null],
  ["engines", ENGINE],
  ["engines", null],
  ["engines[0]", [5]],
  ["engines[0].name", [{ state: "STATE_FAILED" }]],
  ["engines[1].state", [ENGINE, { name: "workspaces/w/sandboxEngines/f", state: "RUNNING" }]],
  ["maxSpoolBytes", null],
  ["maxSpoolBytes", "1"],
];

function beginsWith(option: string): RegExp {
  return new RegExp(`^${option.replaceAll(/[.[\]]/g, "\\$&")}[: .].*must`);
}

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

  it.each<[option: string, value: unknown]>([
    ["port", "aiem.sock"],
    ["port", "0"],
    ["port", -1],
    ["port", 65_536],
    ["port", 1.5],
    ["port", null],
    ["tls", null],
    ["tls", "cert.pem"],
    ["tls.cert", {}],
    ["tls.key", { cert: "x" }],
    ["tls.key", { cert: "x", key: 5 }],
    ["tls.ca", { cert: "x", key: "x", ca: null }],
    ["tls", { cert: "x", key: "x" }],
    ["cors", null],
    ["cors", ["http://localhost"]],
    ...SHARED,
  ])("refuse %s: %j by startStubServer, which names it", async (option, value) => {
    const [name = ""] = option.split(/[.[]/);
    const starting = startStubServer({ [name]: value });
    await expect(starting).rejects.toThrow(TypeError);
    await expect(starting).rejects.toThrow(beginsWith(option));
    expect(existsSync("aiem.sock")).toBe(false);
  });

  it.each(SHARED)("refuse %s: %j by createStubTransport, which names it", (option, value) => {
    const [name = ""] = option.split(/[.[]/);
    const make = () => createStubTransport({ [name]: value });
    expect(make).toThrow(TypeError);
    expect(make).toThrow(beginsWith(option));
  });

  it.each([null, 5, [], "x"])("refuse %j in the place of options", async (bad) => {
    // What a caller in JavaScript can say.
    const options: StubServerOptions = JSON.parse(JSON.stringify(bad));
    await expect(startStubServer(options)).rejects.toThrow(/^options: must be an object$/);
    expect(() => createStubTransport(options)).toThrow(/^options: must be an object$/);
  });

  it.each<[options: object, message: string]>([
    [{ prot: 1 }, "startStubServer: prot is not known; did you mean port?"],
    [
      { maxSpoolbytes: 1 },
      "startStubServer: maxSpoolbytes is not known; did you mean maxSpoolBytes?",
    ],
    [{ tls: { crt: "x" } }, "startStubServer: tls.crt is not known; did you mean cert?"],
    [{ cors: { origin: "*" } }, "startStubServer: cors.origin is not known; did you mean origins?"],
    [
      { proxy: "0.0.0.0" },
      "startStubServer: proxy is not known; known are: engines, users, secrets,",
    ],
  ])("refuse %j by startStubServer, as a name that it does not know", async (options, message) => {
    const starting = startStubServer(options);
    await expect(starting).rejects.toThrow(TypeError);
    await expect(starting).rejects.toThrow(message);
  });

  it("refuse a name that createStubTransport, engines.create or faults.add do not know", async () => {
    const server: object = { port: 1 };
    expect(() => createStubTransport(server)).toThrow(
      /^createStubTransport: port is not known; known are: engines/,
    );
    await using stub = createStubTransport();
    const engine: object = { root: "/tmp", creatr: "users/a" };
    expect(() => stub.engines.create(ENGINE, engine)).toThrow(
      /^engines.create: root is not known; known are: state, creator, rootDirectory$/,
    );
    expect(stub.engines.get(ENGINE)).toBeUndefined();
    const fault = { method: "*", fault: "delay", ms: 1, proces: "p" } as const;
    expect(() => stub.faults.add(fault)).toThrow(
      "faults.add: proces is not known; did you mean process?",
    );
  });

  it("do not refuse a name that stands for undefined", async () => {
    const options: object = { proxy: undefined };
    await using stub = createStubTransport(options);
    expect(stub.token).not.toBe("");
  });

  it.each<[name: string, value: unknown]>([
    ["state", 1],
    ["creator", null],
    ["rootDirectory", 5],
  ])("refuse %s: %j by engines.create, which names it", async (name, value) => {
    await using stub = createStubTransport();
    const create = () => stub.engines.create(ENGINE, { [name]: value });
    expect(create).toThrow(TypeError);
    expect(create).toThrow(new RegExp(`^${name}: .*must`));
  });

  it("do not show tokens and secrets, nor the text of a key", async () => {
    const marker = "s3cret-marker";
    const starts = [
      startStubServer({ users: JSON.parse(`{ "${marker}": 5 }`) }),
      startStubServer({ users: JSON.parse(`["${marker}"]`) }),
      startStubServer({ secrets: JSON.parse(`["${marker}"]`) }),
      startStubServer({ tls: { cert: marker, key: marker } }),
    ];
    for (const start of starts) {
      const error: unknown = await start.catch((reason: unknown) => reason);
      expect(error).toBeInstanceOf(TypeError);
      expect(inspect(error)).not.toContain(marker);
    }
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

describe("the option engines", () => {
  it("takes what engines.create takes, besides names", async () => {
    const rootDirectory = mkdtempSync(join(tmpdir(), "aiem-root-"));
    const described = {
      name: "workspaces/w/sandboxEngines/described",
      state: "STATE_FAILED",
      creator: "users/b",
      rootDirectory,
    } as const;
    await using stub = createStubTransport({ engines: [described, ENGINE] });
    expect(stub.parent).toBe(described.name);
    expect(stub.engines.get(described.name)).toMatchObject(described);
    expect(stub.engines.get(ENGINE)).toMatchObject({ state: "STATE_RUNNING" });
    await stub.close();
    expect(existsSync(rootDirectory)).toBe(true);
    rmdirSync(rootDirectory);
  });

  it("refuses a name that it does not know in what it takes", () => {
    const engine = { name: ENGINE, root: "/" };
    expect(() => createStubTransport({ engines: [engine] })).toThrow(
      /engines\[0\]\.root is not known/,
    );
  });
});
