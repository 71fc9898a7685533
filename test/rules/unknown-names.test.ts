import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { InvalidInputError } from "../../src/index.js";
import { unknownName } from "../../src/rules/check-options.js";
import { everythingShown } from "../support/everything-shown.js";
import { PROCESS } from "./calls.js";
import { OPTIONS_OBJECTS, type OptionsObject } from "./options-objects.js";
import { refusal, silentClient, untyped } from "./refused.js";

const runs = { numRuns: 30 };
const MARKER = "marker-of-a-secret";

/** What giving an object came to: its error, if it failed. */
async function outcomeOf({ give }: OptionsObject, object: object): Promise<unknown> {
  return await give(silentClient().client, untyped(object)).then(
    () => undefined,
    (error: unknown) => error,
  );
}

function isUnknown(error: unknown): boolean {
  return error instanceof InvalidInputError && error.rule.startsWith("is not known");
}

describe.each(OPTIONS_OBJECTS.map((each) => [each.title, each] as const))(
  "%s",
  (_title, object) => {
    const names = Object.keys(object.good);

    it("knows every name that its type has", async () => {
      await fc.assert(
        fc.asyncProperty(fc.subarray(names), async (some) => {
          const given = Object.fromEntries(some.map((name) => [name, object.good[name]]));
          expect(isUnknown(await outcomeOf(object, given))).toBe(false);
        }),
        runs,
      );
    });

    it("refuses a name that it does not know, and says which there are", async () => {
      const error = await refusal((client) => object.give(client, untyped({ quux: MARKER })));
      expect(error.field).toBe(`${object.prefix}quux`);
      expect(error.message).toMatch(/quux is not known; known are: [\w, ]+$/);
      for (const name of names) {
        expect(error.rule).toContain(name);
      }
    });

    it("refuses a mistyped name, says which was meant, and never shows the value", async () => {
      const letter = fc.constantFrom(..."abcxyzS");
      await fc.assert(
        fc.asyncProperty(fc.constantFrom(...names), fc.nat(), letter, async (name, at, typed) => {
          const index = at % name.length;
          const mistyped = `${name.slice(0, index)}${typed}${name.slice(index + 1)}`;
          fc.pre(!names.includes(mistyped));
          const given = untyped({ [mistyped]: MARKER });
          const error = await refusal((client) => object.give(client, given));
          expect(error.message).toBe(
            `${object.prefix}${mistyped} is not known; did you mean ${name}?`,
          );
          expect(everythingShown(error)).not.toContain(MARKER);
        }),
        runs,
      );
    });

    it("takes an unknown name without a value, as spreading an object brings it", async () => {
      expect(isUnknown(await outcomeOf(object, { quux: undefined }))).toBe(false);
    });
  },
);

describe("what other libraries call the same thing is told by its name here", () => {
  const spec = "createProcess, in its specification";
  it.each([
    [spec, "env", "spec.env is not known; did you mean environmentVariables?"],
    [spec, "cwd", "spec.cwd is not known; did you mean workingDirectory?"],
    [spec, "argv", "spec.argv is not known; did you mean args?"],
    [
      spec,
      "working_directory",
      "spec.working_directory is not known; did you mean workingDirectory?",
    ],
    ["getProcess", "timeout", "timeout is not known; did you mean timeoutMs?"],
    ["waitProcess", "timeoutSeconds", "timeoutSeconds is not known; did you mean timeoutMs?"],
    ["waitProcess", "abortSignal", "abortSignal is not known; did you mean signal?"],
    ["waitProcessByPolling", "timeoutMs", "timeoutMs is not known; did you mean timeoutSeconds?"],
    ["waitProcessByPolling", "timeout", "timeout is not known; did you mean timeoutSeconds?"],
    ["a client, in its options", "verifySSL", "verifySSL is not known; did you mean verifySsl?"],
    ["a client, in its options", "insecure", "insecure is not known; did you mean verifySsl?"],
    ["a client, in its options", "maxRetries", "maxRetries is not known; did you mean retry?"],
    ["a client, in its config", "url", "url is not known; did you mean aiemUrl?"],
    ["a client, in its config", "baseUrl", "baseUrl is not known; did you mean aiemUrl?"],
    ["a client, in its config", "token", "token is not known; did you mean tokenProvider?"],
    ["refreshTokenProvider", "timeoutMs", "timeoutMs is not known; did you mean httpTimeoutMs?"],
  ])("by %s, for %s", async (title, name, message) => {
    const object = OPTIONS_OBJECTS.find((each) => each.title === title);
    const error = await refusal(async (client) => object?.give(client, untyped({ [name]: 1 })));
    expect(error.message).toBe(message);
  });
});

describe("a name", () => {
  const refuse = (name: string, known: Record<string, unknown> = { headers: 1, signal: 1 }) =>
    unknownName(JSON.parse(`{${JSON.stringify(name)}: 1}`), known);

  it("is not known because every object has it", () => {
    for (const name of ["constructor", "toString", "__proto__", "hasOwnProperty"]) {
      expect(refuse(name)).toEqual({ name, rule: "is not known; known are: headers, signal" });
    }
  });

  it("that could not be told in a message is quoted and cut", () => {
    expect(refuse("")?.name).toBe('""');
    expect(refuse("a\nb")?.name).toBe('"a\\nb"');
    expect(refuse("x".repeat(10_000))?.name.length).toBeLessThan(300);
  });

  it("of two that are equally near is the first one of the table", () => {
    expect(refuse("stdxx", { stdin: 1, stdio: 1 })?.rule).toBe(
      "is not known; known are: stdin, stdio",
    );
    expect(refuse("stdix", { stdin: 1, stdio: 1 })?.rule).toBe("is not known; did you mean stdin?");
  });
});

it("a Map in the place of options is refused, since nothing in it would be seen", async () => {
  const options = untyped(new Map([["timeoutMs", 1]]));
  const error = await refusal((client) => client.getProcess(PROCESS, options));
  expect(error.message).toBe("options must be an object, but is a Map or another iterable");
});
