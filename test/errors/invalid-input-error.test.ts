import { describe, expect, it } from "vitest";
import { InvalidInputError } from "../../src/errors/invalid-input-error.js";
import { Code, ConnectError } from "../../src/index.js";

describe("InvalidInputError", () => {
  it("tells the field, the rule and the value", () => {
    const error = new InvalidInputError("pageSize", "must be a whole number", "1.5");
    expect(error.message).toBe("pageSize must be a whole number, but is 1.5");
    expect(error).toMatchObject({
      name: "InvalidInputError",
      code: Code.InvalidArgument,
      field: "pageSize",
      rule: "must be a whole number",
    });
  });

  it("tells no value where none may be shown", () => {
    expect(new InvalidInputError("headers", "must be valid").message).toBe("headers must be valid");
  });

  it("is an Error, and no ConnectError: nothing was sent", () => {
    const error = new InvalidInputError("name", "must be a name");
    expect(error).toBeInstanceOf(Error);
    expect(error).not.toBeInstanceOf(ConnectError);
    expect(String(error)).toBe("InvalidInputError: name must be a name");
  });
});
