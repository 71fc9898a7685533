import { Code, ConnectError } from "@connectrpc/connect";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

import { createGatewayHandler } from "../../../src/stub/gateway/create-gateway-handler.js";
import { httpStatusOf } from "../../../src/stub/gateway/errors.js";
import { type HttpServer, startHttpServer } from "../../../src/stub/server/http-server.js";
import { collectGarbage } from "../../support/collect-garbage.js";
import { scripted } from "../../support/scripted.js";
import { createInjector } from "./support/inject.js";
import { anyRequest } from "./support/request-arbitrary.js";
import { HTTP_VERSIONS, send } from "./support/send.js";

const LIMIT_MS = 10_000;
// 400 and 417 without a body are Node's own answers to what is no HTTP.
const OWN_ANSWERS = new Set([0, 400, 417]);

const service = scripted({
  createProcess: ({ process }) => (process === undefined ? {} : { process }),
  startProcess: ({ name }) => ({ process: { name } }),
  getProcess: ({ name }) => ({ process: { name } }),
  sendSignal: ({ name, signal }) => ({ process: { name, exitCode: signal } }),
  waitProcess: ({ name }) => ({ process: { name } }),
  readOutput: ({ name }) => ({ data: Buffer.from(name) }),
  readOutputFrames: ({ name }) => ({ frames: [{ data: Buffer.from(name) }] }),
  listProcesses({ pageSize, filter }) {
    if (pageSize < 0) {
      throw new ConnectError(`page_size: ${pageSize}`, Code.InvalidArgument);
    }
    return { nextPageToken: filter };
  },
  async *streamOutput({ name, skipReplay }) {
    yield { data: Buffer.from(name) };
    if (skipReplay) {
      throw new ConnectError("é\r\n", Code.OutOfRange);
    }
    yield { data: Buffer.from(name) };
  },
});
const gateway = createGatewayHandler(service);

/** Holds an answer to what every answer of a gateway is. */
function expectAnswer(status: number, body: string): void {
  expect(status).not.toBe(500);
  if (body === "") {
    return;
  }
  const [first = "", ...more] = body
    .split("\n")
    .map((line) => (line === "" ? {} : JSON.parse(line)));
  const error = first.error ?? first;
  if (status !== 200) {
    expect(error).toEqual({ code: error.code, message: expect.any(String), details: [] });
    expect(status).toBe(httpStatusOf(error.code));
  }
  expect(more.every((line) => typeof line === "object")).toBe(true);
}

async function within<T>(promise: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${LIMIT_MS} ms`)), LIMIT_MS);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

describe("a gateway that is sent anything", () => {
  test("answers each of 20,000 requests, and keeps nothing of them", {
    timeout: 300_000,
  }, async () => {
    const inject = createInjector(gateway);
    const statuses = new Map<number, number>();
    const property = fc.asyncProperty(anyRequest, async (request) => {
      const { status, body } = await within(inject(request));
      statuses.set(status, (statuses.get(status) ?? 0) + 1);
      if (body === "" && request.method !== "HEAD" && status !== 200) {
        expect(OWN_ANSWERS).toContain(status);
      }
      expectAnswer(status, request.method === "HEAD" ? "" : body);
    });
    await fc.assert(property, { numRuns: 2000 });
    const before = heldBytes();
    await fc.assert(property, { numRuns: 18_000 });
    expect(heldBytes() - before).toBeLessThan(20 * 1024 * 1024);
    // The requests reach every layer: some are answered by the service, some by none.
    for (const status of [200, 400, 404, 501]) {
      expect(statuses.get(status)).toBeGreaterThan(200);
    }
  });

  describe("over a socket", () => {
    let server: HttpServer;
    beforeAll(async () => {
      server = await startHttpServer(0, { handlers: [gateway] });
    });
    afterAll(() => server.stop());

    test.each(HTTP_VERSIONS)("answers over %s", { timeout: 120_000 }, async (version, open) => {
      let answers = 0;
      const property = fc.asyncProperty(anyRequest, async (request) => {
        const path = request.path.replace(/[^\x21-\x7e]/g, "%");
        const headers = printable(request.headers ?? {}, version);
        const answer = send(open, server.port, { ...request, path, headers });
        // A client refuses what is no HTTP, before it sends it or when the server breaks it off.
        const response = await within(answer.catch(() => undefined));
        if (response !== undefined) {
          answers += 1;
          expectAnswer(response.status, response.text);
        }
      });
      await fc.assert(property, { numRuns: 700 });
      expect(answers).toBeGreaterThan(350);
      const last = await send(open, server.port, { path: "/v1/nothing" });
      expect(last.json()).toMatchObject({ code: Code.NotFound });
    });
  });
});

// Connection-specific headers do not exist in HTTP/2, and its names are checked more strictly.
function printable(headers: Readonly<Record<string, string>>, version: string) {
  return Object.fromEntries(
    Object.entries(headers).filter(
      ([name, value]) =>
        /^[\x20-\x7e]*$/.test(value) && (version === "HTTP/1.1" || /^[\w-]+$/.test(name)),
    ),
  );
}

/** What the garbage collector leaves, in bytes. */
function heldBytes(): number {
  collectGarbage();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}
