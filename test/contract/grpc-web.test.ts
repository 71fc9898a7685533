import { defineCoreSuite } from "./core-suite.js";
import { grpcWebTarget } from "./targets/grpc-web-target.js";

defineCoreSuite(grpcWebTarget);
