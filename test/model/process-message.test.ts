import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ProcessSchema, Process_State as StateNumber } from "../../src/gen.js";
import type { ProcessSpec } from "../../src/model/process.js";
import { processFromMessage, specToMessage } from "../../src/model/process-message.js";

const name = "workspaces/w/sandboxEngines/e/processes/p";
const start = new Date("2026-01-02T03:04:05.678Z");
const end = new Date("2026-01-02T03:04:06Z");

describe("a process read from a message", () => {
  it("has everything that the server told", () => {
    const message = create(ProcessSchema, {
      name,
      command: "sh",
      args: ["-c", "exit 3"],
      workingDirectory: "/tmp",
      environmentVariables: { A: "1" },
      secretEnvironmentVariables: { S: { secretVersion: "workspaces/w/secrets/s/versions/1" } },
      state: StateNumber.FAILED,
      exitCode: 3,
      createTime: timestampFromDate(start),
      startTime: timestampFromDate(start),
      endTime: timestampFromDate(end),
    });
    expect(processFromMessage(message)).toEqual({
      name,
      command: "sh",
      args: ["-c", "exit 3"],
      workingDirectory: "/tmp",
      environmentVariables: { A: "1" },
      secretEnvironmentVariables: { S: { secretVersion: "workspaces/w/secrets/s/versions/1" } },
      state: "STATE_FAILED",
      exitCode: 3,
      createTime: start,
      startTime: start,
      endTime: end,
    });
  });

  it("is plain data, without anything of protobuf in it", () => {
    const process = processFromMessage(
      create(ProcessSchema, { secretEnvironmentVariables: { S: { secretVersion: "v" } } }),
    );
    expect(JSON.stringify(process)).not.toContain("$typeName");
    expect(structuredClone(process)).toEqual(process);
  });

  it("has undefined for what was not set", () => {
    const process = processFromMessage(create(ProcessSchema, { state: StateNumber.PENDING }));
    expect(process).toMatchObject({ state: "STATE_PENDING", args: [], environmentVariables: {} });
    expect(process.startTime).toBeUndefined();
    expect(process.endTime).toBeUndefined();
    expect(process.exitCode).toBeUndefined();
  });

  it.each([-1, 5, 2 ** 31 - 1])("reads the unknown state %i as UNSPECIFIED", (state) => {
    expect(processFromMessage(create(ProcessSchema, { state })).state).toBe("STATE_UNSPECIFIED");
  });

  it("never throws, whatever a newer or a broken server says", () => {
    const seconds = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n });
    const timestamp = fc.option(fc.record({ seconds, nanos: int32 }), { nil: undefined });
    const init = fc.record(
      { state: int32, exitCode: int32, createTime: timestamp, endTime: timestamp },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(init, (fields) => {
        const message = fromBinary(
          ProcessSchema,
          toBinary(ProcessSchema, create(ProcessSchema, fields)),
        );
        expect(processFromMessage(message).state).toMatch(/^STATE_/);
      }),
    );
  });
});

const int32 = fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 });

describe("the exit code of a process read from a message", () => {
  const exitCode = (state: number, code: number | undefined, endTime?: Date) =>
    processFromMessage(
      create(ProcessSchema, {
        state,
        ...(code !== undefined && { exitCode: code }),
        ...(endTime && { endTime: timestampFromDate(endTime) }),
      }),
    ).exitCode;

  it.each([StateNumber.PENDING, StateNumber.RUNNING, StateNumber.UNSPECIFIED, 77])(
    "is undefined in state %i, which is not final, even if the server shows 0",
    (state) => {
      expect(exitCode(state, 0)).toBeUndefined();
      expect(exitCode(state, 5)).toBeUndefined();
    },
  );

  it("of one that succeeded is 0 where the server gives none", () => {
    expect(exitCode(StateNumber.SUCCEEDED, undefined)).toBe(0);
    expect(exitCode(StateNumber.SUCCEEDED, 0)).toBe(0);
    expect(exitCode(StateNumber.SUCCEEDED, 143)).toBe(143);
  });

  it("of one that failed is never 0, which means that the server gave none", () => {
    expect(exitCode(StateNumber.FAILED, undefined)).toBeUndefined();
    expect(exitCode(StateNumber.FAILED, 0)).toBeUndefined();
    expect(exitCode(StateNumber.FAILED, 137)).toBe(137);
    expect(exitCode(StateNumber.FAILED, -1)).toBe(-1);
  });

  it("of one with an end time in an unknown state is what the server says", () => {
    expect(exitCode(77, 9, end)).toBe(9);
    expect(exitCode(77, undefined, end)).toBeUndefined();
  });
});

describe("the message of a specification", () => {
  it("comes back from the wire as it was given", () => {
    const text = fc.string({ unit: "grapheme" });
    const spec: fc.Arbitrary<ProcessSpec> = fc.record(
      {
        command: text,
        args: fc.array(text),
        workingDirectory: text,
        environmentVariables: fc.dictionary(variableName, text),
        secretEnvironmentVariables: fc.dictionary(variableName, fc.record({ secretVersion: text })),
      },
      { requiredKeys: ["command"] },
    );
    fc.assert(
      fc.property(spec, (given) => {
        const sent = toBinary(ProcessSchema, create(ProcessSchema, specToMessage(given)));
        const { command, args, workingDirectory, ...rest } = processFromMessage(
          fromBinary(ProcessSchema, sent),
        );
        expect({ command, args, workingDirectory }).toEqual({
          command: given.command,
          args: given.args ?? [],
          workingDirectory: given.workingDirectory ?? "",
        });
        expect(rest.environmentVariables).toEqual(given.environmentVariables ?? {});
        expect(rest.secretEnvironmentVariables).toEqual(given.secretEnvironmentVariables ?? {});
      }),
    );
  });

  it("holds copies, so that later changes of the caller's objects are not sent", () => {
    const args = ["a"];
    const environmentVariables = { A: "1" };
    const message = specToMessage({ command: "true", args, environmentVariables });
    args.push("b");
    environmentVariables.A = "2";
    expect(message).toMatchObject({ args: ["a"], environmentVariables: { A: "1" } });
  });
});

const variableName = fc.string({ unit: "grapheme", minLength: 1 });
