// @ts-check
// gRPC and the Connect protocol by hand, straight on node:http2.
import { once } from "node:events";
import { createServer } from "node:http2";
import { frame, outputPiece, processAnswer, readAnswer } from "./answers.mjs";
import { endlessly } from "./endlessly.mjs";

/** @typedef {import("node:http2").ServerHttp2Stream} ServerHttp2Stream */

const STATUS_OK = { "grpc-status": "0" };
const UNIMPLEMENTED = { "grpc-status": "12" };

/**
 * @param {import("./held-calls.mjs").HeldCalls} held
 * @param {number} maxConcurrentStreams
 */
export async function startHttp2Server(held, maxConcurrentStreams) {
  const server = createServer({
    settings: { maxConcurrentStreams },
    // Thousands of open streams are the point of some cases; the default ends a session at 10 MB.
    maxSessionMemory: 10_000,
  });
  server.on("session", (session) => session.on("error", () => {}));
  server.on("stream", (stream, headers) => {
    stream.on("error", () => {});
    const type = headers["content-type"] ?? "";
    const path = headers[":path"] ?? "";
    if (path.startsWith("/grpc.reflection.")) {
      stream.respond(
        { ":status": 200, "content-type": type, ...UNIMPLEMENTED },
        { endStream: true },
      );
      return;
    }
    const method = path.slice(path.lastIndexOf("/") + 1);
    /** @type {Buffer[]} */
    const body = [];
    stream.on("data", (/** @type {Buffer} */ data) => body.push(data));
    stream.on("end", () => {
      // The resource name is the first string of each request, and the only one with a slash.
      const id = /\/processes\/([\w-]+)/.exec(Buffer.concat(body).toString("latin1"))?.[1] ?? "";
      if (method === "StreamOutput") {
        output(stream, type, id, held);
      } else {
        unary(stream, type, method, id, held);
      }
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return server;
}

/**
 * @param {ServerHttp2Stream} stream
 * @param {string} type
 * @param {string} id
 * @param {import("./held-calls.mjs").HeldCalls} held
 */
function output(stream, type, id, held) {
  stream.respond({ ":status": 200, "content-type": type });
  const [kind, size] = id.split("-");
  if (kind === "chunks") {
    endlessly(stream, outputPiece("frames", Number(size)));
    return;
  }
  const one = outputPiece("frames", 100, 1);
  stream.write(one);
  const connection = stream.session ?? {};
  stream.on("close", held.add("idle", { connection, answer: () => void stream.write(one) }));
}

/**
 * @param {ServerHttp2Stream} stream
 * @param {string} type
 * @param {string} method
 * @param {string} id
 * @param {import("./held-calls.mjs").HeldCalls} held
 */
function unary(stream, type, method, id, held) {
  if (method === "ReadOutput") {
    answer(stream, type, readAnswer(Number(id.split("-")[1])).message);
  } else if (method === "WaitProcess") {
    const connection = stream.session ?? {};
    const wait = { connection, answer: () => answer(stream, type, processAnswer(id).message) };
    stream.on("close", held.add("wait", wait));
  } else {
    answer(stream, type, processAnswer(id).message);
  }
}

/**
 * @param {ServerHttp2Stream} stream
 * @param {string} type
 * @param {Uint8Array} message
 */
function answer(stream, type, message) {
  if (!type.startsWith("application/grpc")) {
    stream.respond({ ":status": 200, "content-type": type });
    stream.end(message);
    return;
  }
  stream.respond({ ":status": 200, "content-type": type }, { waitForTrailers: true });
  stream.on("wantTrailers", () => stream.sendTrailers(STATUS_OK));
  stream.end(frame(message));
}
