/**
 * The generated code of the contract: messages, enums and the service descriptor, for users who
 * build on the stubs themselves.
 *
 * @module aiem-process-client/gen
 */
export * from "../gen/ai/h2o/engine/sandbox/v1/process_pb.js";
export * from "../gen/ai/h2o/engine/sandbox/v1/process_service_pb.js";
