import { ProcessService } from "../../gen/ai/h2o/engine/sandbox/v1/process_service_pb.js";

// protobuf-es writes these of each RPC, and no comments for them.
const ofRpcs = ProcessService.methods.flatMap(({ localName }) =>
  ["methodKind", "input", "output"].map(
    (property) => `aiem-process-client/gen.ProcessService.__type.${localName}.__type.${property}`,
  ),
);

/** @type {Record<string, unknown>} */
export default {
  name: "aiem-process-client",
  entryPoints: [
    "../../src/index.ts",
    "../../src/stub/index.ts",
    "../../src/otel/index.ts",
    "../../src/gen.ts",
  ],
  tsconfig: "../../tsconfig.build.json",
  out: "../../docs/reference",
  readme: "none",
  githubPages: false,
  // Lines of the source would need the address of a repository.
  disableSources: true,
  excludeInternal: true,
  excludePrivate: true,
  // What a type is made of: the type shows the values of the lists.
  intentionallyNotExported: [
    "src/model/signals.ts:ShortName",
    "src/model/http2-error-codes.ts:HTTP2_ERROR_CODES",
    "src/stub/engine/engine-options.ts:ENGINE_STATES",
    "src/model/status-names.ts:STATUS_NAMES",
    "src/stub/faults/stub-faults.ts:FAULT_METHODS",
  ],
  // The latter is Connect's.
  intentionallyNotDocumented: [...ofRpcs, "aiem-process-client/stub.OutgoingDetail.__type.desc"],
  validation: {
    invalidLink: true,
    invalidPath: true,
    notDocumented: true,
    notExported: true,
    rewrittenLink: true,
    unusedMergeModuleWith: true,
  },
  treatWarningsAsErrors: true,
};
