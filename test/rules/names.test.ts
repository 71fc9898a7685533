import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { engineName, InvalidInputError, parseProcessName } from "../../src/index.js";
import {
  invalidEngineName,
  invalidProcessId,
  invalidProcessName,
  segment,
  validProcessName,
} from "../support/resource-name-arbitraries.js";
import { notText } from "./bad-values.js";
import { ENGINE, ENGINE_CALLS, PROCESS_CALLS } from "./calls.js";
import { refusal, refusedField, untyped } from "./refused.js";

const runs = { numRuns: 50 };

describe("a resource name that is none is refused", () => {
  it.each(ENGINE_CALLS)("by $title", async ({ run }) => {
    await fc.assert(
      fc.asyncProperty(fc.oneof(invalidEngineName, notText), async (parent) => {
        expect(await refusedField((client) => run(client, untyped(parent)))).toBe("parent");
      }),
      runs,
    );
  });

  it.each(PROCESS_CALLS)("by $title", async ({ run }) => {
    await fc.assert(
      fc.asyncProperty(fc.oneof(invalidProcessName, notText), async (name) => {
        expect(await refusedField((client) => run(client, untyped(name)))).toBe("name");
      }),
      runs,
    );
  });

  it("with its shape and the value, of which a long one is cut", async () => {
    const short = await refusal((client) => client.getProcess("p"));
    expect(short.message).toBe(
      'name must be workspaces/{workspace}/sandboxEngines/{engine}/processes/{process}, but is "p"',
    );
    const long = await refusal((client) => client.getProcess("p".repeat(100_000)));
    expect(long.message.length).toBeLessThan(400);
  });
});

describe("a process id that cannot be one is refused", () => {
  const spec = { command: "true" };
  const invalid = fc.oneof(
    invalidProcessId,
    notText.filter((value) => value !== undefined),
  );

  it("by createProcess", async () => {
    await fc.assert(
      fc.asyncProperty(invalid, async (id) => {
        const options = { processId: untyped(id) };
        expect(await refusedField((c) => c.createProcess(ENGINE, spec, options))).toBe("processId");
      }),
    );
  });

  it("by runProcess", async () => {
    await fc.assert(
      fc.asyncProperty(invalid, async (id) => {
        const options = { processId: untyped(id) };
        expect(await refusedField((c) => c.runProcess(ENGINE, spec, options))).toBe("processId");
      }),
    );
  });
});

describe("engineName", () => {
  it("makes the name of any engine", () => {
    fc.assert(
      fc.property(segment, segment, (workspace, engine) => {
        expect(engineName({ workspace, engine })).toBe(
          `workspaces/${workspace}/sandboxEngines/${engine}`,
        );
      }),
    );
  });

  it("refuses ids that would make the name of something else", () => {
    const ids = fc.constantFrom("", ".", "..", "a/b", "e/processes/p", "a b", "%2e", "é", "a\n");
    fc.assert(
      fc.property(ids, segment, fc.boolean(), (bad, good, first) => {
        const parts = first ? { workspace: bad, engine: good } : { workspace: good, engine: bad };
        expect(() => engineName(parts)).toThrow(InvalidInputError);
      }),
    );
  });
});

describe("what has no parts", () => {
  it.each([undefined, null, "w", 5, []])("is refused by engineName: %j", (parts) => {
    expect(() => engineName(untyped(parts))).toThrow(
      expect.objectContaining({ name: "InvalidInputError", field: "parts" }),
    );
  });
});

describe("parseProcessName", () => {
  it("gives the parts of any process's name", () => {
    fc.assert(
      fc.property(validProcessName, (name) => {
        const { workspace, engine, process } = parseProcessName(name);
        expect(engineName(parseProcessName(name))).toBe(engineName({ workspace, engine }));
        expect(`${engineName({ workspace, engine })}/processes/${process}`).toBe(name);
      }),
    );
  });

  it("refuses everything else", () => {
    fc.assert(
      fc.property(fc.oneof(invalidProcessName, notText), (name) => {
        expect(() => parseProcessName(untyped(name))).toThrow(InvalidInputError);
      }),
    );
  });
});
