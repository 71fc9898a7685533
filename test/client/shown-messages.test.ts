import { Code, ConnectError, type HandlerContext } from "@connectrpc/connect";
import { describe, expect, it } from "vitest";
import type { ProcessClient } from "../../src/index.js";
import { collect } from "../support/collect.js";
import { everythingShown } from "../support/everything-shown.js";
import { rejection } from "../support/rejection.js";
import { CLIENTS, servedClient } from "./support/served-clients.js";

const NAME = "workspaces/w/sandboxEngines/e/processes/p";
const TOKEN = "s3cret-t0ken/with.signs+and=more";

/** A client whose server refuses every call with a text. */
async function refusedClient(
  way: (typeof CLIENTS)[number],
  text: (context: HandlerContext) => string,
  options: { readonly token?: string; readonly code?: Code } = {},
): Promise<ProcessClient> {
  const { token, code = Code.FailedPrecondition } = options;
  const refuse = (_: unknown, context: HandlerContext) => {
    throw new ConnectError(text(context), code);
  };
  const service = {
    getProcess: refuse,
    sendSignal: refuse,
    // biome-ignore lint/correctness/useYield: it fails before
    async *streamOutput(_: unknown, context: HandlerContext) {
      refuse(_, context);
    },
  };
  return await servedClient(way, service, { retry: false, ...(token !== undefined && { token }) });
}

function errorsOf(client: ProcessClient, headers?: HeadersInit): Promise<unknown[]> {
  return Promise.all([
    rejection(client.getProcess(NAME, { headers })),
    rejection(client.sendSignal(NAME, 15, { headers })),
    rejection(collect(client.streamOutput(NAME, { headers }))),
  ]);
}

describe.each(CLIENTS)("what a server says, in an error over $title", (way) => {
  it("has its control characters escaped, and nothing else", async () => {
    const client = await refusedClient(
      way,
      () => "a\u001b[31mred\r\n[ERROR] forged\u0000\u009b2J\u007f\u202e\ttab “é”\u{1f600}",
    );
    for (const error of await errorsOf(client)) {
      expect(error).toMatchObject({
        code: Code.FailedPrecondition,
        rawMessage: "a\\x1b[31mred\\r\\n[ERROR] forged\\x00\\x9b2J\\x7f\\u202e\ttab “é”\u{1f600}",
      });
    }
  });

  it.each([Code.FailedPrecondition, Code.Unauthenticated, Code.Unavailable])(
    "does not show the token that went with the call (code %d)",
    async (code) => {
      const token = way.protocol === "own" ? {} : { token: TOKEN };
      const client = await refusedClient(
        way,
        ({ requestHeader }) => `who is ${requestHeader.get("authorization")}? (${TOKEN})`,
        { ...token, code },
      );
      const headers = way.protocol === "own" ? { authorization: `Bearer ${TOKEN}` } : undefined;
      for (const error of await errorsOf(client, headers)) {
        expect(error).toMatchObject({ code });
        expect(String(error)).toContain("who is Bearer [hidden]? ([hidden])");
        expect(everythingShown(error)).not.toContain(TOKEN);
      }
    },
  );

  it("does not show an authorization header of the caller's own", async () => {
    const client = await refusedClient(way, () => `no: ${TOKEN}`);
    for (const error of await errorsOf(client, { authorization: `Custom ${TOKEN}` })) {
      expect(everythingShown(error)).not.toContain(TOKEN);
    }
  });

  it("may hold a short token, which may be any word", async () => {
    const client = await refusedClient(way, () => "the process is running");
    for (const error of await errorsOf(client, { authorization: "Bearer process" })) {
      expect(String(error)).toContain("the process is running");
    }
  });

  it("is cut where it is very long, which it tells", async () => {
    // Headers hold less than a body.
    const length = way.httpVersion === "1.1" || way.protocol === "connect" ? 8_000_001 : 6_000;
    const client = await refusedClient(way, () => "\u{1f600}x".repeat(length / 3));
    for (const error of await errorsOf(client)) {
      expect(String(error)).toMatch(
        new RegExp(
          `^ConnectError: \\[failed_precondition\\] (\u{1f600}x)+… \\(cut: it has ${length} characters\\)$`,
          "u",
        ),
      );
      expect(everythingShown(error).length).toBeLessThan(500_000);
    }
  });
});
