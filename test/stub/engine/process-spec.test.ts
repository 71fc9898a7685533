import { describe, expect, it } from "vitest";
import { createPending, makeEngine, refusal, type Spec, spec } from "./support.js";

const VALUE = "hunter2\0";

describe("a process that breaks a rule is refused", () => {
  it.each<[string, Spec]>([
    ["without a command", { command: "" }],
    ["with a NUL byte in the command", { command: "a\0b" }],
    ["with a NUL byte in an argument", { command: "a", args: ["b", "c\0"] }],
    ["with a variable without a name", { command: "a", environmentVariables: { "": "1" } }],
    ["with = in a variable's name", { command: "a", environmentVariables: { "A=B": "1" } }],
    ["with a NUL byte in a variable's name", { command: "a", environmentVariables: { "A\0": "" } }],
    ["with a NUL byte in a variable's value", { command: "a", environmentVariables: { A: VALUE } }],
    [
      "with = in a secret variable's name",
      {
        command: "a",
        secretEnvironmentVariables: {
          "A=": { secretVersion: "workspaces/w/secrets/s/versions/1" },
        },
      },
    ],
    [
      "without a secret version",
      { command: "a", secretEnvironmentVariables: { A: { secretVersion: "" } } },
    ],
    [
      "with the name of a secret for a version's",
      {
        command: "a",
        secretEnvironmentVariables: { A: { secretVersion: "workspaces/w/secrets/s" } },
      },
    ],
  ])("%s", async (_title, init) => {
    const { code, message } = await refusal(() => createPending(makeEngine(), init));
    expect(code).toBe("InvalidArgument");
    expect(message).not.toContain("hunter2");
  });

  it.each(["A", "-a", "a-", "a_b", "a".repeat(64), "ä", "a/b", " "])(
    "with the id %j",
    async (processId) => {
      const create = () =>
        makeEngine().createProcess(spec({ command: "true" }), { processId, autoRun: false });
      expect((await refusal(create)).code).toBe("InvalidArgument");
    },
  );
});
