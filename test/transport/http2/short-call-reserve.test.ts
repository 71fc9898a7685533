import { expect, test } from "vitest";
import { shortCallReserve } from "../../../src/transport/http2/session.js";

test.each([
  [1, 0],
  [2, 1],
  [10, 1],
  [50, 5],
  [100, 10],
  [4_294_967_295, 10],
])("of %i streams %i are kept for short calls", (limit, reserve) => {
  expect(shortCallReserve(limit)).toBe(reserve);
});
