import { test } from "vitest";
import { ProcessClient } from "../../../src/index.js";
import type { Answer } from "../../polyglot/support/answers.js";
import { expectSilent } from "../../polyglot/support/told-wrong.js";
import { useChangedServer } from "./support/changed-server.js";

const AT_ONCE = 16;

const changed = useChangedServer();

async function answers(descriptorSet: Uint8Array): Promise<Answer[]> {
  const { truth, server } = changed();
  const connection = { aiemUrl: server.urlOf(descriptorSet), tokenProvider: truth.stub.token };
  await using client = new ProcessClient(connection, { protocol: "grpc" });
  return await truth.answers(client);
}

test("of all single exchanges and moves of numbers, those of the documents are told wrong", async () => {
  await expectSilent(({ descriptorSet }) => answers(descriptorSet), AT_ONCE);
}, 300_000);
