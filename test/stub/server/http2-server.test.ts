import { once } from "node:events";
import {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  connect as connectHttp2,
  constants,
} from "node:http2";
import type { Socket } from "node:net";

import { expect, onTestFinished, test } from "vitest";

import { startHttpServer } from "../../../src/stub/server/http-server.js";
import type { NodeResponse } from "../../../src/stub/server/node-handler.js";

// More than Node stands, even if they take 15 seconds.
const CANCELS = 1_600;

/** Answers with the headers, and ends when it is told to; `/whole` is more than a window takes. */
async function startServer(): Promise<{
  readonly url: string;
  readonly connections: readonly Socket[];
  readonly responses: ReadonlyMap<string | undefined, NodeResponse>;
}> {
  const connections: Socket[] = [];
  const responses = new Map<string | undefined, NodeResponse>();
  const { port, stop } = await startHttpServer(0, {
    handlers: [
      (request, response) => {
        responses.set(request.url, response);
        if (request.url === "/whole") {
          response.end(Buffer.alloc(200_000));
        } else {
          response.write("begun");
        }
        return true;
      },
    ],
    maxConcurrentStreams: 2 * CANCELS,
    onConnection: (socket) => connections.push(socket),
  });
  onTestFinished(stop);
  return { url: `http://127.0.0.1:${port}`, connections, responses };
}

async function openSession(url: string): Promise<ClientHttp2Session> {
  const session = connectHttp2(url);
  session.on("error", () => {});
  onTestFinished(() => session.destroy());
  await once(session, "remoteSettings");
  return session;
}

async function begin(session: ClientHttp2Session, path: string): Promise<ClientHttp2Stream> {
  const call = session.request({ ":path": path });
  call.on("error", () => {});
  await once(call, "response");
  return call;
}

async function cancel(call: ClientHttp2Stream): Promise<void> {
  const closed = once(call, "close");
  call.close(constants.NGHTTP2_CANCEL);
  await closed;
}

/** Begins and cancels calls one after the other, each session for as long as it takes calls. */
async function cancelMany(url: string, path: string, first: ClientHttp2Session): Promise<number[]> {
  const goaways: number[] = [];
  let session = first;
  session.on("goaway", (code) => goaways.push(code));
  for (let n = 0; n < CANCELS; n += 1) {
    if (session.closed || session.destroyed) {
      session = await openSession(url);
      session.on("goaway", (code) => goaways.push(code));
    }
    // A call that crosses the GOAWAY is refused.
    await begin(session, path).then(cancel, () => {});
  }
  session.close();
  return goaways;
}

test.each([
  ["before their end", "/cancelled"],
  ["after the server has written all of it", "/whole"],
])("many calls cancelled %s leave no connection behind", async (_when, path) => {
  const server = await startServer();
  const goaways = await cancelMany(server.url, path, await openSession(server.url));
  expect(goaways.length).toBeGreaterThan(0);
  expect(goaways).toEqual(goaways.map(() => constants.NGHTTP2_NO_ERROR));
  await expect.poll(() => server.connections.filter((s) => !s.destroyed)).toEqual([]);
});

test("many cancelled calls end no other call of their connection", async () => {
  const server = await startServer();
  const session = await openSession(server.url);
  const other = await begin(session, "/other");
  await cancelMany(server.url, "/cancelled", session);
  server.responses.get("/other")?.end(" and ended");
  expect(String(Buffer.concat(await other.toArray()))).toBe("begun and ended");
});

test("many calls cancelled at a time end no other call of their connection", async () => {
  const server = await startServer();
  const session = await openSession(server.url);
  const other = await begin(session, "/other");
  const calls = Array.from({ length: CANCELS }, () => begin(session, "/cancelled"));
  await Promise.all((await Promise.all(calls)).map(cancel));
  server.responses.get("/other")?.end(" and ended");
  expect(String(Buffer.concat(await other.toArray()))).toBe("begun and ended");
  await expect.poll(() => server.connections.filter((s) => !s.destroyed)).toEqual([]);
});
