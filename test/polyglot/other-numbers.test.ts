import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { ProcessClient } from "../../src/index.js";
import { defineCoreSuite } from "../contract/core-suite.js";
import { Truth } from "./support/answers.js";
import { type GrpcGoOptions, grpcGoTarget, startGrpcGo } from "./support/grpc-go-target.js";
import { VARIANTS } from "./support/permuted-contracts.js";
import { expectSilent, wrong } from "./support/told-wrong.js";

const found = inject("grpcGo");
const program = "server" in found ? found.server : "";
// The title takes the reason into the report, from which the last lines of a run are made.
const untested = "missing" in found ? ` (not tested: ${found.missing})` : "";

// An answer's bytes do not tell which stream they are of.
const UNSEEN: Readonly<Record<string, readonly string[]>> = {
  "enum values reversed": ["readOutput of STDOUT", "readOutput of COMBINED"],
};
const AT_ONCE = 6;

describe.skipIf("missing" in found)(`a server on grpc-go with other numbers${untested}`, () => {
  let truth: Truth;

  beforeAll(async () => {
    truth = await Truth.prepare();
  });

  afterAll(() => truth?.[Symbol.asyncDispose]());

  async function answers(options: GrpcGoOptions) {
    const { stub } = truth;
    await using server = await startGrpcGo(program, new URL(stub.url).host, options);
    const connection = { aiemUrl: server.url, tokenProvider: stub.token };
    await using client = new ProcessClient(connection, { protocol: "grpc" });
    return await truth.answers(client);
  }

  test("tells the truth where its numbers are ours", async () => {
    const told = await answers({});
    // A process that runs is waited for until the limit, which is an error.
    expect(told.filter(({ verdict }) => verdict !== "right")).toMatchObject([
      { call: "waitProcess of one that runs", error: { name: "WaitTimeoutError" } },
    ]);
  });

  describe.each(VARIANTS)("$title", ({ title, descriptorSet }) => {
    defineCoreSuite(
      grpcGoTarget(program, `told by reflection: ${title}`, { descriptorSet, reflection: true }),
    );

    test("is refused where nobody tells, and is never told wrong", async () => {
      const told = await answers({ descriptorSet });
      expect(wrong(told)).toEqual(UNSEEN[title] ?? []);
      expect(told.filter(({ verdict }) => verdict === "refused").length).toBeGreaterThan(1);
    });
  });

  test("of single exchanges and moves, those are told wrong that the documents name", async () => {
    await expectSilent(answers, AT_ONCE);
  }, 180_000);
});
