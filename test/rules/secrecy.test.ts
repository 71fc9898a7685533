import { Code, ConnectError } from "@connectrpc/connect";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ProcessClient, ProcessFailedError, WaitTimeoutError } from "../../src/index.js";
import { type StubServer, startStubServer } from "../../src/stub/index.js";
import { FOREVER, shell } from "../support/commands.js";
import { everythingShown } from "../support/everything-shown.js";
import { CALLS, ENGINE } from "./calls.js";
import { refusal, untyped } from "./refused.js";

const MARKER = "marker-of-a-secret";

/** A text with the marker in it. */
const secret = fc
  .tuple(fc.string({ maxLength: 9 }), fc.string({ maxLength: 9 }))
  .map(([before, after]) => `${before}${MARKER}${after}`);

const breaking = fc.constantFrom("\0", "\uD800");

/** Something that holds the marker in some way or other. */
const holder = secret.chain((text) =>
  fc.constantFrom<unknown>(
    [text],
    { text },
    { toString: () => text },
    { toJSON: () => text },
    new Error(text),
    new Map([[text, text]]),
    () => text,
  ),
);

async function rejection(promise: Promise<unknown>): Promise<unknown> {
  return await promise.then(
    () => expect.unreachable("it did not fail"),
    (error: unknown) => error,
  );
}

describe("a refusal never shows", () => {
  it("the value of a variable, whatever is wrong with it or with the rest", async () => {
    const bad = fc.oneof(
      holder,
      fc.tuple(secret, breaking).map((parts) => parts.join("")),
    );
    await fc.assert(
      fc.asyncProperty(bad, secret, async (broken, good) => {
        const environmentVariables = untyped({ GOOD: good, BAD: broken });
        const spec = { command: "true", environmentVariables };
        const error = await refusal((client) => client.createProcess(ENGINE, spec));
        expect(everythingShown(error)).not.toContain(MARKER);
        const named = { command: "true", environmentVariables: { GOOD: good, "A=": good } };
        const other = await refusal((client) => client.createProcess(ENGINE, named));
        expect(everythingShown(other)).not.toContain(MARKER);
      }),
    );
  });

  it("variables that were given as something else", async () => {
    await fc.assert(
      fc.asyncProperty(fc.oneof(secret, holder), async (variables) => {
        fc.pre(typeof variables !== "object" || Symbol.iterator in Object(variables));
        const spec = { command: "true", environmentVariables: untyped(variables) };
        const error = await refusal((client) => client.createProcess(ENGINE, spec));
        expect(everythingShown(error)).not.toContain(MARKER);
      }),
    );
  });

  it("a secret where the name of its version belongs", async () => {
    await fc.assert(
      fc.asyncProperty(fc.oneof(secret, holder), async (secretVersion) => {
        const secretEnvironmentVariables = untyped({ TOKEN: { secretVersion }, OTHER: MARKER });
        const spec = { command: "true", secretEnvironmentVariables };
        const error = await refusal((client) => client.createProcess(ENGINE, spec));
        expect(everythingShown(error)).not.toContain(MARKER);
      }),
    );
  });

  it.each(CALLS)("a header of %s", async (_title, run) => {
    const headers = fc.oneof(
      secret.map((text) => ({ authorization: `Bearer ${text}\0` })),
      secret.map((text) => ({ "bad name": text, authorization: text })),
      secret.map((text) => [["authorization", text, "x"]]),
    );
    await fc.assert(
      fc.asyncProperty(headers, async (bad) => {
        const error = await refusal((client) => run(client, { headers: untyped(bad) }));
        expect(everythingShown(error)).not.toContain(MARKER);
      }),
      { numRuns: 20 },
    );
  });

  it("what an object holds that was given in place of anything else", async () => {
    await fc.assert(
      fc.asyncProperty(holder, fc.constantFrom(...CALLS), async (bad, [, run]) => {
        const error = await refusal((client) => run(client, { signal: untyped(bad) }));
        expect(everythingShown(error)).not.toContain(MARKER);
      }),
    );
    await fc.assert(
      fc.asyncProperty(holder, async (bad) => {
        const error = await refusal((client) => client.getProcess(untyped(bad)));
        expect(everythingShown(error)).not.toContain(MARKER);
      }),
    );
  });

  it("the password of an address, or the key that was given as its own path", () => {
    const options = [
      [{ aiemUrl: `https://user:${MARKER}@aiem.example` }, {}],
      [{ aiemUrl: `https://aiem.example/?token=${MARKER}` }, {}],
      [{ aiemUrl: "https://aiem.example" }, { sslClientKey: `-----BEGIN KEY-----\n${MARKER}` }],
      [{ aiemUrl: "https://aiem.example" }, { sslClientCert: `\n${MARKER}` }],
    ] as const;
    for (const [config, transportOptions] of options) {
      let thrown: unknown;
      try {
        new ProcessClient(config, transportOptions);
      } catch (error) {
        thrown = error;
      }
      expect(thrown).toBeInstanceOf(Error);
      expect(everythingShown(thrown)).not.toContain(MARKER);
    }
  });
});

describe("a failure never shows", () => {
  let stub: StubServer;
  let client: ProcessClient;
  const environmentVariables = { TOKEN: MARKER };

  beforeAll(async () => {
    stub = await startStubServer();
    client = new ProcessClient(stub.connection);
  });
  afterAll(async () => {
    client.close();
    await stub.close();
  });

  it("the environment of a process that it is about", async () => {
    const failed = await rejection(
      client.runProcess(stub.parent, { ...shell("exit 3"), environmentVariables }, { check: true }),
    );
    expect(failed).toBeInstanceOf(ProcessFailedError);
    const spec = { ...FOREVER, environmentVariables };
    const timedOut = await rejection(client.runProcess(stub.parent, spec, { timeoutMs: 5_000 }));
    expect(timedOut).toBeInstanceOf(WaitTimeoutError);
    for (const error of [failed, timedOut]) {
      expect(everythingShown(error)).not.toContain(MARKER);
    }
  });

  it("the environment or the secret of a process that was not created", async () => {
    const spec = {
      command: "true",
      environmentVariables,
      secretEnvironmentVariables: {
        SECRET: { secretVersion: "workspaces/w/secrets/s/versions/latest" },
      },
    };
    const error = await rejection(client.createProcess(stub.parent, spec, { autoRun: true }));
    expect(error).toMatchObject({ code: Code.FailedPrecondition });
    expect(everythingShown(error)).not.toContain(MARKER);
  });

  it("a token: one that the server refuses, or one that no header can carry", async () => {
    const tokens = [MARKER, `${MARKER}\nx`, `${MARKER} x`, `${MARKER}€`];
    for (const tokenProvider of [...tokens, ...tokens.map((token) => () => token)]) {
      const other = new ProcessClient({ aiemUrl: stub.url, tokenProvider });
      const error = await rejection(other.listProcesses(stub.parent));
      expect(error).toBeInstanceOf(ConnectError);
      expect(everythingShown(error)).not.toContain(MARKER);
      other.close();
    }
  });

  it("a token on a call that has no server", async () => {
    const options = { headers: { authorization: `Bearer ${MARKER}` } };
    const alone = new ProcessClient({ aiemUrl: "http://127.0.0.1:9" }, { retry: false });
    const error = await rejection(alone.listProcesses(stub.parent, options));
    expect(error).toMatchObject({ code: Code.Unavailable });
    expect(everythingShown(error)).not.toContain(MARKER);
    alone.close();
  });
});
