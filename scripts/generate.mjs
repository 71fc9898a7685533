/**
 * Generates `gen/` and the descriptor set from the contract.
 *
 * Usage: generate.mjs [FOLDER], by default into the repository.
 */
import { execFileSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { fromBinary, toBinary } from "@bufbuild/protobuf";
import { FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";
import { toolEnvironment } from "./tool-environment.mjs";

const root = fileURLToPath(new URL("..", import.meta.url));
const output = process.argv[2] ?? root;

buf("generate", "--output", output);
const descriptorSet = join(output, "proto/descriptor-set.binpb");
mkdirSync(dirname(descriptorSet), { recursive: true });
writeFileSync(descriptorSet, describe());

/** The contract with all that it imports, as grpcurl and others take it. */
function describe() {
  const built = buf("build", "proto", "--as-file-descriptor-set", "--output", "-");
  const set = fromBinary(FileDescriptorSetSchema, built);
  for (const file of set.file) {
    // Its comments would be 100 of 140 kB, and nobody looks for them here.
    if (file.name.startsWith("google/")) {
      delete file.sourceCodeInfo;
    }
  }
  return toBinary(FileDescriptorSetSchema, set);
}

/**
 * @param {string[]} args
 * @returns {Uint8Array} what it wrote to standard output
 */
function buf(...args) {
  return execFileSync("buf", args, {
    cwd: root,
    env: toolEnvironment,
    stdio: ["ignore", "pipe", "inherit"],
  });
}
