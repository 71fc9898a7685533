import { expect, test } from "vitest";
import { ProcessService } from "../../../gen/ai/h2o/engine/sandbox/v1/process_service_pb.js";
import { Limit } from "../../../src/async/limit.js";
import { failed, type Outcome } from "../../../src/errors/outcome.js";
import { parseAiemUrl } from "../../../src/transport/aiem-url.js";
import { CLIENT_CLOSED } from "../../../src/transport/failures.js";
import type { PrepareHeaders, RequestHeaders } from "../../../src/transport/request-headers.js";
import { restWire } from "../../../src/transport/rest/rest-wire.js";
import { newAttempt } from "../../../src/transport/wire.js";
import { closing } from "../support/cleanup.js";
import { PROCESS } from "../support/process-name.js";
import { startEdge } from "./support/http-edge.js";

const HEADERS: Outcome<RequestHeaders> = {
  ok: true,
  value: { caller: undefined, authorization: undefined, userAgent: "test" },
};
const REQUEST = { name: PROCESS, skipReplay: false };

/** A server that sends a chunk to each follower and then stays silent, and a wire to it. */
async function start(prepare: PrepareHeaders = () => HEADERS) {
  let requests = 0;
  const edge = await startEdge((_, response) => {
    requests += 1;
    response.writeHead(200, { "content-type": "application/json" });
    response.write('{"result":{"data":"AAAA"}}\n');
  });
  const dial = { address: parseAiemUrl(edge.origin), connectTimeoutMs: 10_000, verifySsl: true };
  const wire = closing(restWire({ dial, readMaxBytes: 1_000_000, prepare }));
  return { wire, sockets: edge.sockets, requests: () => requests };
}

test("leaving a stream ends its connection at once, and settles a wait", async () => {
  const { wire, sockets } = await start();
  const source = wire.output(REQUEST, newAttempt({}, new Limit()));
  expect(await source.wait()).toEqual({ ok: true, value: "batch" });
  // Still there to be taken.
  expect(await source.wait()).toEqual({ ok: true, value: "batch" });
  expect(source.take()?.count).toBe(1);
  expect(source.take()).toBeUndefined();
  const pending = source.wait();
  source.close();
  expect(await pending).toMatchObject({ ok: false });
  await expect.poll(() => sockets.size).toBe(0);
});

test("the end of its limit ends a stream at once", async () => {
  const { wire, sockets } = await start();
  const limit = new Limit();
  const source = wire.output(REQUEST, newAttempt({}, limit));
  await source.wait();
  source.take();
  const pending = source.wait();
  limit.end(() => new Error("enough"));
  expect(await pending).toMatchObject({ ok: false });
  await expect.poll(() => sockets.size).toBe(0);
});

test("nothing is sent where the headers cannot be had, or come too late", async () => {
  const refused = await start(() => failed(CLIENT_CLOSED));
  const attempt = newAttempt({}, new Limit());
  const { getProcess } = ProcessService.method;
  expect(await refused.wire.unary(getProcess, { name: PROCESS }, attempt)).toEqual(
    failed(CLIENT_CLOSED),
  );
  expect(attempt.evidence).toMatchObject({ connection: undefined, answered: false });

  let give = (_: Outcome<RequestHeaders>) => {};
  const late = await start(() => new Promise((resolve) => (give = resolve)));
  const source = late.wire.output(REQUEST, newAttempt({}, new Limit()));
  source.close();
  give(HEADERS);
  const limit = new Limit();
  const call = late.wire.unary(getProcess, { name: PROCESS }, newAttempt({}, limit));
  limit.end(() => new Error("enough"));
  give(HEADERS);
  expect(await call).toMatchObject({ ok: false });
  expect(refused.requests() + late.requests()).toBe(0);
});

test("a message that has no place in a path is told before anything is sent", async () => {
  const { wire, requests } = await start();
  const attempt = newAttempt({}, new Limit());
  const source = wire.output({ name: "p", skipReplay: false }, attempt);
  expect(await source.wait()).toMatchObject({ ok: false, failure: { kind: "local" } });
  expect(requests()).toBe(0);
});
