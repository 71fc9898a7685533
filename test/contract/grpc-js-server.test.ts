import { defineCoreSuite } from "./core-suite.js";
import { grpcJsServerTarget } from "./targets/grpc-js-server-target.js";

defineCoreSuite(grpcJsServerTarget);
