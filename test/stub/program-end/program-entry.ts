// What the program of these tests needs, in one bundle.
export { createClient } from "@connectrpc/connect";
export { ProcessService } from "../../../gen/ai/h2o/engine/sandbox/v1/process_service_pb.js";
export { createStubTransport } from "../../../src/stub/index.js";
