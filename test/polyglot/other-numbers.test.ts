import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { ProcessClient } from "../../src/index.js";
import { type StubServer, startStubServer } from "../../src/stub/index.js";
import { defineCoreSuite } from "../contract/core-suite.js";
import { closing } from "../transport/support/cleanup.js";
import { Truth } from "./support/answers.js";
import { type GrpcGoOptions, grpcGoTarget, startGrpcGo } from "./support/grpc-go-target.js";
import { VARIANTS } from "./support/permuted-contracts.js";

const found = inject("grpcGo");
const program = "server" in found ? found.server : "";
// The title takes the reason into the report, from which the last lines of a run are made.
const untested = "missing" in found ? ` (not tested: ${found.missing})` : "";

describe.skipIf("missing" in found)(`a server on grpc-go with other numbers${untested}`, () => {
  let stub: StubServer;
  let truth: Truth;

  beforeAll(async () => {
    stub = await startStubServer();
    truth = await Truth.prepare(stub);
  });

  afterAll(async () => {
    await truth[Symbol.asyncDispose]();
    await stub.close();
  });

  async function answers(options: GrpcGoOptions) {
    const server = await startGrpcGo(program, new URL(stub.url).host, options);
    closing({ close: () => server[Symbol.asyncDispose]() });
    const connection = { aiemUrl: server.url, tokenProvider: stub.token };
    const client = closing(new ProcessClient(connection, { protocol: "grpc" }));
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
      expect(told.filter(({ verdict }) => verdict === "wrong")).toEqual([]);
      expect(told.filter(({ verdict }) => verdict === "refused").length).toBeGreaterThan(1);
    });
  });
});
