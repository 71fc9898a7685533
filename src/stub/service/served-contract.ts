import { isUint8Array } from "node:util/types";
import { fromBinary } from "@bufbuild/protobuf";
import { type FileDescriptorProto, FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";
import { ProcessService } from "../../../gen/ai/h2o/engine/sandbox/v1/process_service_pb.js";
import { BUILT_IN, type Contract, contractOfSet } from "../../contract/contract.js";
import { withImports } from "./descriptor-index.js";

/** The numbers and the package that a server speaks by, and the files that tell them. */
export interface ServedContract {
  readonly contract: Contract;
  readonly files: readonly FileDescriptorProto[];
}

/** The contract of this package. */
export const BUILT_IN_CONTRACT: ServedContract = {
  contract: BUILT_IN,
  files: withImports(ProcessService.file),
};

/** @throws TypeError that names the option. */
export function requireContract(name: string, value: unknown): void {
  // Not instanceof: Jest's modules have a Uint8Array of their own, which no Buffer is an instance of.
  if (!isUint8Array(value)) {
    throw new TypeError(`${name}: must be the bytes of a FileDescriptorSet, as a Uint8Array`);
  }
}

/**
 * The contract of the option `contract`.
 *
 * @throws TypeError where the bytes are no FileDescriptorSet with a ProcessService, and where that
 * lacks a method, a field or a value of ours, or has it otherwise than by numbers.
 */
export function readServedContract(set: Uint8Array): ServedContract {
  let contract: Contract;
  try {
    contract = contractOfSet(set);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new TypeError(`contract: ${reason}`, { cause });
  }
  if (contract.gaps.length > 0) {
    throw new TypeError(`contract: ${contract.gaps.join("; ")}`);
  }
  // A set may leave out what it imports of google's; protoc does without --include_imports.
  const ofGoogle = BUILT_IN_CONTRACT.files.filter(
    (file) => file.package !== ProcessService.file.proto.package,
  );
  return { contract, files: [...fromBinary(FileDescriptorSetSchema, set).file, ...ofGoogle] };
}
