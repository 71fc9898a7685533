import { afterAll, beforeAll, test } from "vitest";
import { ProcessClient } from "../../../src/index.js";
import { type Answer, Truth } from "../../polyglot/support/answers.js";
import { expectSilent } from "../../polyglot/support/told-wrong.js";
import { type ChangedServer, startChangedServer } from "./support/changed-server.js";

const AT_ONCE = 16;

let truth: Truth;
let server: ChangedServer;

beforeAll(async () => {
  truth = await Truth.prepare();
  server = await startChangedServer(truth.stub.url);
});

afterAll(async () => {
  await server?.[Symbol.asyncDispose]();
  await truth?.[Symbol.asyncDispose]();
});

async function answers(descriptorSet: Uint8Array): Promise<Answer[]> {
  const connection = { aiemUrl: server.urlOf(descriptorSet), tokenProvider: truth.stub.token };
  await using client = new ProcessClient(connection, { protocol: "grpc" });
  return await truth.answers(client);
}

test("of all single exchanges and moves of numbers, those of the documents are told wrong", async () => {
  await expectSilent(({ descriptorSet }) => answers(descriptorSet), AT_ONCE);
}, 300_000);
