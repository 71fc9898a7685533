import type { Transport } from "@connectrpc/connect";
import { expect } from "vitest";
import { Code, InvalidInputError, ProcessClient } from "../../src/index.js";

/** A client that refuses to send: its requests are counted, and fail. */
export interface SilentClient {
  readonly client: ProcessClient;
  requests(): number;
}

export function silentClient(): SilentClient {
  let requests = 0;
  const refuse = () => {
    requests += 1;
    return Promise.reject(new Error("a request was sent"));
  };
  const transport: Transport = { unary: refuse, stream: refuse };
  return { client: new ProcessClient({ transport }, { retry: false }), requests: () => requests };
}

/** What a caller without types may pass. */
export function untyped(value: unknown): never {
  return value as never;
}

/** A call that must be refused. The client is one of its own. */
export type Refusable = (client: ProcessClient) => Promise<unknown>;

/**
 * The error of a call that is refused as it must be: not synchronously, before any request, and with
 * all that an InvalidInputError tells.
 */
export async function refusal(call: Refusable): Promise<InvalidInputError> {
  const { client, requests } = silentClient();
  // Not inside a try: what is thrown synchronously fails the test.
  const promise = call(client);
  const error: unknown = await promise.then(
    () => "it was not refused",
    (reason) => reason,
  );
  expect(error).toBeInstanceOf(InvalidInputError);
  expect(requests()).toBe(0);
  if (!(error instanceof InvalidInputError)) {
    throw new Error("unreachable");
  }
  expect(error.code).toBe(Code.InvalidArgument);
  expect(error.rule).toMatch(/^(must|can|needs|is) /);
  expect(error.message.startsWith(`${error.field} ${error.rule}`)).toBe(true);
  return error;
}

/** The field that a refused call names. */
export async function refusedField(call: Refusable): Promise<string> {
  return (await refusal(call)).field;
}
