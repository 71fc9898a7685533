import { describe, expect, test } from "vitest";
import { ProcessClient } from "../../../src/index.js";
import { VARIANTS } from "../../polyglot/support/permuted-contracts.js";
import { useChangedServer } from "./support/changed-server.js";
import { reflecting, tells } from "./support/reflecting.js";

const changed = useChangedServer();

describe.each(VARIANTS)("a server with $title", ({ descriptorSet }) => {
  test.each([
    ["grpc", "by its descriptors", descriptorSet, undefined],
    ["connect", "by its descriptors", descriptorSet, undefined],
    ["grpc", "by reflection", undefined, reflecting(tells(descriptorSet))],
  ] as const)("is told right over %s, known %s", async (protocol, _, contract, reflection) => {
    const { truth, server } = changed();
    const aiemUrl = server.urlOf(descriptorSet, reflection?.instead);
    const connection = { aiemUrl, tokenProvider: truth.stub.token, contract };
    await using client = new ProcessClient(connection, { protocol });
    const answers = await truth.answers(client);
    // A process that runs is waited for until the limit, which is an error.
    expect(answers.filter(({ verdict }) => verdict !== "right")).toMatchObject([
      { call: "waitProcess of one that runs", error: { name: "WaitTimeoutError" } },
    ]);
  });
});
