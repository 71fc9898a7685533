import { type CallOptions, Code } from "@connectrpc/connect";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { authenticate } from "../../../src/stub/service/access.js";
import { collect } from "../../support/collect.js";
import { createStubClient, type StubClient } from "./stub-client.js";

type Call = (stub: StubClient, name: string, options?: CallOptions) => Promise<unknown>;

const OF_ENGINES: readonly (readonly [method: string, call: Call])[] = [
  [
    "CreateProcess",
    ({ client }, parent, options) =>
      client.createProcess({ parent, process: { command: "true" } }, options),
  ],
  ["ListProcesses", ({ client }, parent, options) => client.listProcesses({ parent }, options)],
];

const OF_PROCESSES: readonly (readonly [method: string, call: Call])[] = [
  ["StartProcess", ({ client }, name, options) => client.startProcess({ name }, options)],
  ["GetProcess", ({ client }, name, options) => client.getProcess({ name }, options)],
  ["SendSignal", ({ client }, name, options) => client.sendSignal({ name, signal: 15 }, options)],
  ["WaitProcess", ({ client }, name, options) => client.waitProcess({ name }, options)],
  ["ReadOutput", ({ client }, name, options) => client.readOutput({ name }, options)],
  ["ReadOutputFrames", ({ client }, name, options) => client.readOutputFrames({ name }, options)],
  ["StreamOutput", ({ client }, name, options) => collect(client.streamOutput({ name }, options))],
];

const authorization = (value: string): CallOptions => ({ headers: { authorization: value } });

let stub: StubClient;
let name: string;

beforeEach(async () => {
  stub = createStubClient({ users: { alpha: "users/alpha", beta: "users/beta" } });
  name = await stub.run("sleep 60");
});
afterEach(() => stub.close());

describe.each([
  ...OF_ENGINES.map(([method, call]) => ({ method, call, nameOf: () => stub.parent })),
  ...OF_PROCESSES.map(([method, call]) => ({ method, call, nameOf: () => name })),
])("$method", ({ call, nameOf }) => {
  test.each([
    ["an unknown token", "Bearer gamma"],
    ["no token in its header", "Bearer "],
    ["another scheme", "Basic alpha"],
    ["two tokens", "Bearer alpha, Bearer alpha"],
    ["the name of a property that every object has", "Bearer constructor"],
  ])("refuses %s, and does not repeat it", async (_title, header) => {
    await expect(call(stub, nameOf(), authorization(header))).rejects.toMatchObject({
      code: Code.Unauthenticated,
      message: expect.not.stringMatching(/gamma|alpha|constructor/),
    });
  });

  test("asks for the token before anything else", async () => {
    await expect(call(stub, "nonsense", authorization("Bearer gamma"))).rejects.toMatchObject({
      code: Code.Unauthenticated,
    });
  });

  test("tells another user no more than that the engine does not exist", async () => {
    const missing = await call(
      stub,
      nameOf().replace("local", "missing"),
      authorization("Bearer beta"),
    ).catch((error: unknown) => String(error));
    const hidden = await call(stub, nameOf(), authorization("bearer beta")).catch(
      (error: unknown) => String(error),
    );
    expect(hidden).toContain("not_found");
    expect(String(missing).replace("missing", "local")).toBe(hidden);
  });

  test("refuses an engine that does not run", async () => {
    await stub.engines.setState(stub.parent, "STATE_TERMINATED");
    await expect(call(stub, nameOf())).rejects.toMatchObject({
      code: Code.FailedPrecondition,
      message: expect.stringContaining("not in running state"),
    });
  });
});

describe("a resource name", () => {
  test.each(OF_ENGINES)("of another shape is refused by %s", async (_method, call) => {
    for (const parent of ["", "workspaces/w", `${stub.parent}/`, `/${stub.parent}`, name]) {
      await expect(call(stub, parent)).rejects.toMatchObject({
        code: Code.InvalidArgument,
        message: expect.stringContaining("parent: must match workspaces/*/sandboxEngines/*"),
      });
    }
  });

  test.each(OF_PROCESSES)("of another shape is refused by %s", async (_method, call) => {
    for (const wrong of ["", stub.parent, `${name}/`, `/${name}`, `${stub.parent}/processes/`]) {
      await expect(call(stub, wrong)).rejects.toMatchObject({
        code: Code.InvalidArgument,
        message: expect.stringContaining(
          "name: must match workspaces/*/sandboxEngines/*/processes/*",
        ),
      });
    }
  });

  test.each(["unknown", "p:unknownVerb", "Ünïcode", "a b", ".."])(
    "of the right shape, with the process %j that is not there, is NOT_FOUND",
    async (id) => {
      for (const [, call] of OF_PROCESSES) {
        await expect(call(stub, `${stub.parent}/processes/${id}`)).rejects.toMatchObject({
          code: Code.NotFound,
        });
      }
    },
  );
});

describe("a malformed authorization", () => {
  test.each(["Basic abc", "Bearer", "Bearer ", "Bearer a b", "alpha", ""])(
    "is nobody's, even where there is an empty token: %j",
    (authorization) => {
      const users = new Map([["", "users/nobody"]]);
      expect(() => authenticate(users, new Headers({ authorization }))).toThrow(/no bearer token/);
    },
  );
});
