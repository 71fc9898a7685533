import { describe } from "vitest";
import { cutAtEveryByte } from "../support/cut-at-every-byte.js";

describe("a follow over REST", () => {
  cutAtEveryByte({ protocol: "rest", httpVersion: "1.1" });
});
