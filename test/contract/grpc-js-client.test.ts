import { defineCoreSuite } from "./core-suite.js";
import { grpcJsClientTarget } from "./targets/grpc-js-client-target.js";

defineCoreSuite(grpcJsClientTarget);
