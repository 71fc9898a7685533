// @ts-check
// What the servers answer, encoded before anything is measured: a server that only writes bytes is
// never what limits a client.
import { create, toBinary, toJson } from "@bufbuild/protobuf";
import {
  GetProcessResponseSchema,
  OutputStream,
  Process_State,
  ReadOutputResponseSchema,
  StreamOutputResponseSchema,
} from "aiem-process-client/gen";

/** The size of the pieces in which a stream is written. */
const PIECE_BYTES = 256 * 1024;

/** The engine whose processes the servers answer for. What a process does is in its id. */
export const PARENT = "workspaces/bench/sandboxEngines/engine";

/**
 * GetProcessResponse, and WaitProcessResponse, which has the same form. It names the process that
 * was asked about: an answer about another one is an error.
 *
 * @param {string} id
 */
export function processAnswer(id) {
  return {
    message: kept(`process ${id}`, () => toBinary(GetProcessResponseSchema, over(id))),
    json: kept(`process ${id} as JSON`, () =>
      Buffer.from(
        JSON.stringify(toJson(GetProcessResponseSchema, over(id), { alwaysEmitImplicit: true })),
      ),
    ),
  };
}

/** @param {string} id */
function over(id) {
  return create(GetProcessResponseSchema, {
    process: {
      name: `${PARENT}/processes/${id}`,
      command: "python",
      args: ["-u", "train.py"],
      workingDirectory: "/home/user",
      environmentVariables: { EPOCHS: "10" },
      state: Process_State.SUCCEEDED,
      exitCode: 0,
      createTime: { seconds: 1_700_000_000n, nanos: 0 },
      startTime: { seconds: 1_700_000_001n, nanos: 0 },
      endTime: { seconds: 1_700_000_002n, nanos: 0 },
    },
  });
}

/**
 * Many messages of output in one piece, as they stand in a stream of gRPC or Connect, or as lines of
 * JSON. The data of each is one line of text.
 *
 * @param {"frames" | "json"} form
 * @param {number} chunkBytes
 * @param {number} [count] how many; by default, as many as make a large piece
 */
export function outputPiece(form, chunkBytes, count) {
  return kept(`${form} ${chunkBytes} ${count}`, () => makePiece(form, chunkBytes, count));
}

/**
 * @param {"frames" | "json"} form
 * @param {number} chunkBytes
 * @param {number | undefined} count
 */
function makePiece(form, chunkBytes, count) {
  const message = create(StreamOutputResponseSchema, {
    stream: OutputStream.STDOUT,
    data: Buffer.alloc(chunkBytes, "x").fill("\n", chunkBytes - 1),
  });
  const one =
    form === "frames"
      ? frame(toBinary(StreamOutputResponseSchema, message))
      : Buffer.from(`{"result":${JSON.stringify(toJson(StreamOutputResponseSchema, message))}}\n`);
  const times = count ?? Math.max(1, Math.ceil(PIECE_BYTES / one.length));
  return Buffer.concat(Array.from({ length: times }, () => one));
}

/** @param {number} bytes */
export function readAnswer(bytes) {
  return {
    message: kept(`message ${bytes}`, () => toBinary(ReadOutputResponseSchema, read(bytes))),
    json: kept(`json ${bytes}`, () =>
      Buffer.from(`{"data":"${Buffer.from(read(bytes).data).toString("base64")}"}`),
    ),
  };
}

/** @param {number} bytes */
function read(bytes) {
  return create(ReadOutputResponseSchema, { data: Buffer.alloc(bytes, "x") });
}

/**
 * The five bytes that gRPC and Connect put before a message.
 *
 * @param {Uint8Array} message
 * @param {number} [flags]
 */
export function frame(message, flags = 0) {
  const head = Buffer.alloc(5);
  head.writeUInt8(flags, 0);
  head.writeUInt32BE(message.length, 1);
  return Buffer.concat([head, message]);
}

/** @type {Map<string, Uint8Array>} */
const made = new Map();

/**
 * @param {string} key
 * @param {() => Uint8Array} make
 */
function kept(key, make) {
  const bytes = made.get(key) ?? make();
  made.set(key, bytes);
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
