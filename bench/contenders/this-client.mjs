// @ts-check
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { fromBinary, toBinary } from "@bufbuild/protobuf";
import { FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";
import { ProcessClient } from "aiem-process-client";

/**
 * @param {import("./contender.mjs").Target} target
 * @param {import("aiem-process-client").ClientOptions} options
 * @param {"built-in" | "adapted" | "guarded"} contract
 * @returns {import("./contender.mjs").Contender}
 */
export function open({ url, token }, options, contract) {
  const connection = { aiemUrl: url, tokenProvider: () => token, ...contractOf(contract) };
  const client = new ProcessClient(connection, options);
  return {
    chunks: (name) => client.streamOutput(name),
    lines: (name) => client.streamLines(name),
    pipe: (name, stdout, signal) => client.pipeOutput(name, { stdout, signal }),
    get: (name) => client.getProcess(name),
    wait: (name) => client.waitProcess(name),
    read: (name) => client.readOutput(name),
    async run(parent, command, args) {
      const { stdout } = await client.runProcess(parent, { command, args });
      return stdout.text();
    },
    close: () => client.close(),
  };
}

/** @param {"built-in" | "adapted" | "guarded"} contract */
function contractOf(contract) {
  switch (contract) {
    case "built-in":
      return { contract };
    case "adapted":
      return { contract: otherStates() };
    case "guarded":
      // The server is asked, and does not tell.
      return {};
  }
}

/** A contract with other numbers, which the answers of the servers here are right in all the same. */
function otherStates() {
  const bytes = readFileSync(
    createRequire(import.meta.url).resolve("aiem-process-client/proto/descriptor-set.binpb"),
  );
  const set = fromBinary(FileDescriptorSetSchema, bytes);
  const states = set.file
    .flatMap(({ messageType }) => messageType)
    .flatMap(({ enumType }) => enumType)
    .flatMap(({ value }) => value);
  for (const value of states) {
    // Those of processes that are not over are exchanged.
    value.number = value.number === 1 || value.number === 2 ? 3 - value.number : value.number;
  }
  return toBinary(FileDescriptorSetSchema, set);
}
