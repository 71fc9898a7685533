import { describe } from "vitest";
import { cutAtEveryByte } from "../support/cut-at-every-byte.js";

describe("a follow over gRPC", () => {
  cutAtEveryByte({ protocol: "grpc", httpVersion: "2" });
});
