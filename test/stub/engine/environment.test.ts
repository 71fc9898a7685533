import { describe, expect, it } from "vitest";
import { Process_State } from "../../../gen/ai/h2o/engine/sandbox/v1/process_pb.js";
import {
  createPending,
  makeEngine,
  refusal,
  runToEnd,
  type Spec,
  startNow,
  stdoutText,
} from "./support.js";

const SECRETS = {
  "workspaces/w/secrets/s/versions/2": "second",
  "workspaces/w/secrets/s/versions/1": "made last",
  "workspaces/w/secrets/t/versions/1": "other",
};

async function environmentOf(init: Omit<Spec, "command">, home?: (root: string) => void) {
  const engine = makeEngine({ secrets: SECRETS });
  home?.(engine.rootDirectory);
  const process = await runToEnd(engine, { ...init, command: "env" } as Spec);
  const lines = (await stdoutText(process)).trimEnd().split("\n");
  return Object.fromEntries(lines.map((line) => line.split("=", 2)));
}

describe("the environment of a process", () => {
  it("is PATH, HOME and LANG, and nothing else of the server's", async () => {
    let root = "";
    const environment = await environmentOf({}, (directory) => {
      root = directory;
    });
    expect(environment).toEqual({ PATH: process.env["PATH"], HOME: root, LANG: "C.UTF-8" });
  });

  it("keeps what a coverage run sets for Node to itself", async () => {
    const before = process.env["NODE_V8_COVERAGE"];
    process.env["NODE_V8_COVERAGE"] = "/tmp/none";
    try {
      expect(await environmentOf({})).not.toHaveProperty("NODE_V8_COVERAGE");
    } finally {
      if (before === undefined) {
        delete process.env["NODE_V8_COVERAGE"];
      } else {
        process.env["NODE_V8_COVERAGE"] = before;
      }
    }
  });

  it("has the process's variables, which win over the defaults, and its secrets, which win over both", async () => {
    const environment = await environmentOf({
      environmentVariables: { LANG: "de", A: "plain", B: "plain" },
      secretEnvironmentVariables: {
        B: { secretVersion: "workspaces/w/secrets/s/versions/2" },
        C: { secretVersion: "workspaces/w/secrets/s/versions/latest" },
        HOME: { secretVersion: "workspaces/w/secrets/t/versions/latest" },
      },
    });
    expect(environment).toMatchObject({
      LANG: "de",
      A: "plain",
      B: "second",
      C: "made last",
      HOME: "other",
    });
  });
});

describe("secrets", () => {
  const A = { secretVersion: "workspaces/w/secrets/s/versions/latest" };

  it("are told by the names of their versions, never by their values", async () => {
    const engine = makeEngine({ secrets: SECRETS });
    const process = await runToEnd(engine, {
      command: "true",
      secretEnvironmentVariables: { A },
    });
    const { secretEnvironmentVariables } = process.snapshot();
    expect(secretEnvironmentVariables["A"]?.secretVersion).toBe(A.secretVersion);
    expect(process.snapshot().environmentVariables).toEqual({});
    expect(String(Object.values(secretEnvironmentVariables))).not.toContain("made last");
  });

  it("reach the process under any name, also one that JavaScript has a meaning for", async () => {
    const process = await runToEnd(makeEngine({ secrets: SECRETS }), {
      command: "env",
      secretEnvironmentVariables: JSON.parse(JSON.stringify({ A }).replace('"A"', '"__proto__"')),
      environmentVariables: JSON.parse('{ "constructor": "c" }'),
    });
    const lines = (await stdoutText(process)).split("\n");
    expect(lines).toContain("constructor=c");
    expect(lines.filter((line) => line.startsWith("__proto__="))).toHaveLength(1);
  });

  it("keep a process from being created and started where a version is missing", async () => {
    const engine = makeEngine({ secrets: SECRETS });
    const missing = "workspaces/w/secrets/s/versions/3";
    const { code, message } = await refusal(() =>
      startNow(engine, {
        command: "true",
        secretEnvironmentVariables: { A, B: { secretVersion: missing } },
      }),
    );
    expect(code).toBe("FailedPrecondition");
    expect(message).toContain(missing);
    expect(message).not.toContain("made last");
    expect(engine.listProcesses({ pageSize: 0, pageToken: "", filter: "" }).processes).toEqual([]);
  });

  it("leave a process PENDING where a version is missing at its start", async () => {
    const process = await createPending(makeEngine(), {
      command: "true",
      secretEnvironmentVariables: { A },
    });
    expect((await refusal(() => process.start())).code).toBe("FailedPrecondition");
    expect((await refusal(() => process.start())).message).toContain(A.secretVersion);
    expect(process.state).toBe(Process_State.PENDING);
  });

  it.each([
    ["workspaces/w/secrets/s", "value"],
    ["workspaces/w/secrets/s/versions/latest", "value"],
    ["workspaces/w/secrets/s/versions/1", "va\0lue"],
  ])("are refused by the engines where %s cannot be one", (name, value) => {
    let message = "";
    try {
      makeEngine({ secrets: { [name]: value } });
    } catch (error) {
      message = String(error);
    }
    expect(message).toContain(name);
    expect(message).not.toContain(value);
  });
});
