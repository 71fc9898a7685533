import { describe } from "vitest";
import { cutAtEveryByte } from "../support/cut-at-every-byte.js";

describe("a follow over Connect and HTTP/1.1", () => {
  cutAtEveryByte({ protocol: "connect", httpVersion: "1.1" });
});
