import { describe } from "vitest";
import { cutAtEveryByte } from "../support/cut-at-every-byte.js";

describe("a follow over REST", () => {
  // Its answers are long, so that each byte gets one of the two cuts.
  cutAtEveryByte({ protocol: "rest", httpVersion: "1.1" }, (bytes) =>
    bytes % 2 === 0 ? ["FIN"] : ["RST"],
  );
});
