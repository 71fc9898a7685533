import { describe, expect, test } from "vitest";

import { authenticate } from "../../../src/stub/service/users.js";

describe("a malformed authorization", () => {
  test.each(["Basic abc", "Bearer", "Bearer ", "Bearer a b", "alpha", ""])(
    "is nobody's, even where there is an empty token: %j",
    (authorization) => {
      const users = new Map([["", "users/nobody"]]);
      expect(() => authenticate(users, new Headers({ authorization }))).toThrow(/no bearer token/);
    },
  );
});
