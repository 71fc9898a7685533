import { describe } from "vitest";
import { cutAtEveryByte } from "../support/cut-at-every-byte.js";

describe("a follow over Connect and HTTP/2", () => {
  cutAtEveryByte({ protocol: "connect", httpVersion: "2" });
});
