import type { Socket } from "node:net";
import { type Code, ConnectError } from "@connectrpc/connect";
import { afterEach, beforeEach, expect, test } from "vitest";
import { PROCESS } from "../../support/process-name.js";
import { startRawEdge } from "../support/http-edge.js";
import { type Answer, STREAM_ANSWERS, UNARY_ANSWERS } from "./answers.js";
import { mutate, randomNumbers } from "./mutations.js";

const CALLS = 5_000;
const AT_ONCE = 40;
const SEED = 20_260_101;
const name = PROCESS;

const escaped: unknown[] = [];
const note = (error: unknown) => escaped.push(error);
beforeEach(() => {
  process.on("uncaughtException", note);
  process.on("unhandledRejection", note);
});
afterEach(() => {
  process.off("uncaughtException", note);
  process.off("unhandledRejection", note);
});

test("5,000 mutated answers end each call: by a message or a ConnectError, and with nothing left", {
  timeout: 180_000,
}, async () => {
  const random = randomNumbers(SEED);
  const pick = <T>(items: readonly [T, ...T[]]) =>
    items[Math.floor(random() * items.length)] ?? items[0];
  const edge = await startRawEdge(
    (socket, request) => {
      const answers = request.includes(":streamOutput") ? STREAM_ANSWERS : UNARY_ANSWERS;
      const bytes = mutated(pick(answers), random);
      const cut = Math.floor(random() * bytes.length);
      socket.write(bytes.subarray(0, cut));
      setImmediate(() => {
        socket.write(bytes.subarray(cut));
        pick(ENDINGS)(socket);
      });
    },
    { readMaxBytes: 100_000, connectTimeoutMs: 5_000 },
  );
  const outcomes = { answered: 0, failed: 0, codes: new Set<Code>(), wrong: [] as unknown[] };
  let started = 0;

  async function call(): Promise<void> {
    const options = { timeoutMs: 500 };
    if (started % 2 === 0) {
      await edge.client.getProcess({ name }, options);
    } else {
      for await (const _ of edge.client.streamOutput({ name }, options)) {
      }
    }
  }

  async function work(): Promise<void> {
    while (started < CALLS) {
      started += 1;
      const tried = started;
      try {
        await call();
        outcomes.answered += 1;
      } catch (error) {
        outcomes.failed += 1;
        if (error instanceof ConnectError) {
          outcomes.codes.add(error.code);
        } else {
          outcomes.wrong.push(tried, error);
        }
      }
    }
  }

  const before = process.memoryUsage().rss;
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  expect(outcomes.wrong).toEqual([]);
  expect(outcomes.answered + outcomes.failed).toBe(CALLS);
  // Most leave nothing to be read. That others got through, and far, shows that they are tried.
  expect(outcomes.answered).toBeGreaterThan(CALLS / 200);
  expect(outcomes.codes.size).toBeGreaterThan(5);
  expect(escaped).toEqual([]);
  expect(process.memoryUsage().rss - before).toBeLessThan(300_000_000);
  edge.wire.close();
  await expect.poll(() => edge.sockets.size).toBe(0);
});

// A half keeps its head, of which a half has a length that is right: to get behind HTTP, and to JSON.
function mutated(answer: Answer, random: () => number): Buffer {
  const { head, body, chunks } = answer;
  const where = random();
  if (where < 0.5) {
    return mutate(Buffer.concat([Buffer.from(head), chunks ?? body]), random);
  }
  const part = mutate(where < 0.75 ? (chunks ?? body) : body, random);
  const framed = head.replace(/(content-length|transfer-encoding): .*\r\n/, "");
  return where < 0.75
    ? Buffer.concat([Buffer.from(head), part])
    : Buffer.concat([
        Buffer.from(framed.replace(/\r\n$/, `content-length: ${part.length}\r\n\r\n`)),
        part,
      ]);
}

type Ending = (socket: Socket) => unknown;

const ENDINGS: readonly [Ending, ...Ending[]] = [
  () => undefined,
  (socket) => socket.end(),
  (socket) => socket.end(),
  (socket) => socket.end(),
  (socket) => socket.resetAndDestroy(),
];
