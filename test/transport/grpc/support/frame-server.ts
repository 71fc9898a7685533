import { createServer, type Socket } from "node:net";
import { closing } from "../../support/cleanup.js";
import { listen } from "../../support/listen.js";

// RFC 9113, section 6.
const DATA = 0;
const HEADERS = 1;
const RST_STREAM = 3;
const SETTINGS = 4;
const PING = 6;
const CONTINUATION = 9;
const END_STREAM = 0x1;
const END_HEADERS = 0x4;
const ACK = 0x1;

const PREFACE_BYTES = 24;
const FRAME_HEAD_BYTES = 9;
const MAX_FRAME_BYTES = 16_384;

/** The fields of a header block, in order; a name may be there twice. */
export type Fields = readonly (readonly [name: string, value: string])[];

/** A request, and how to answer it with whatever frames. */
export interface FrameStream {
  headers(fields: Fields, end?: "end"): void;
  data(bytes: Uint8Array, end?: "end"): void;
  reset(code: number): void;
  /** The code that the client reset the request with; waits for that. */
  readonly cancelled: Promise<number>;
}

export interface FrameServer {
  readonly url: string;
  /** How many requests have come. */
  readonly requests: number;
}

/**
 * A server that knows the frames of HTTP/2 and nothing else, for answers that Node.js's own server
 * never gives. It cannot read the headers of requests.
 *
 * @param scripts the n-th answers the n-th request, the last one all that follow.
 */
export async function startFrameServer(
  ...scripts: ((stream: FrameStream) => void)[]
): Promise<FrameServer> {
  let requests = 0;
  const server = createServer((socket) => {
    const cancels = new Map<number, (code: number) => void>();
    socket.write(frame(SETTINGS, 0, 0));
    readFrames(socket, (type, flags, id, payload) => {
      if (type === SETTINGS && (flags & ACK) === 0) {
        socket.write(frame(SETTINGS, ACK, 0));
      } else if (type === PING && (flags & ACK) === 0) {
        socket.write(frame(PING, ACK, 0, payload));
      } else if (type === RST_STREAM) {
        cancels.get(id)?.(payload.readUInt32BE());
      } else if ((type === HEADERS || type === DATA) && (flags & END_STREAM) !== 0) {
        const script = scripts[Math.min(requests, scripts.length - 1)];
        requests += 1;
        const cancelled = new Promise<number>((resolve) => cancels.set(id, resolve));
        script?.(frameStream(socket, id, cancelled));
      }
    });
  });
  const { port } = closing(await listen(server));
  return {
    url: `http://127.0.0.1:${port}`,
    get requests() {
      return requests;
    },
  };
}

function frameStream(socket: Socket, id: number, cancelled: Promise<number>): FrameStream {
  // What a script sends in one go arrives in one go: Node.js then sees it all at once.
  socket.cork();
  process.nextTick(() => socket.uncork());
  return {
    cancelled,
    headers(fields, end) {
      const block = Buffer.concat(fields.map(([name, value]) => literal(name, value)));
      for (let at = 0; at === 0 || at < block.length; at += MAX_FRAME_BYTES) {
        const part = block.subarray(at, at + MAX_FRAME_BYTES);
        const last = at + MAX_FRAME_BYTES >= block.length;
        const flags = (last ? END_HEADERS : 0) | (end && at === 0 ? END_STREAM : 0);
        socket.write(frame(at === 0 ? HEADERS : CONTINUATION, flags, id, part));
      }
    },
    data(bytes, end) {
      for (let at = 0; at === 0 || at < bytes.length; at += MAX_FRAME_BYTES) {
        const last = at + MAX_FRAME_BYTES >= bytes.length;
        const part = bytes.subarray(at, at + MAX_FRAME_BYTES);
        socket.write(frame(DATA, end && last ? END_STREAM : 0, id, part));
      }
    },
    reset(code) {
      const payload = Buffer.alloc(4);
      payload.writeUInt32BE(code);
      socket.write(frame(RST_STREAM, 0, id, payload));
    },
  };
}

function readFrames(
  socket: Socket,
  onFrame: (type: number, flags: number, id: number, payload: Buffer) => void,
): void {
  let read = Buffer.alloc(0);
  let skip = PREFACE_BYTES;
  socket.on("data", (chunk: Buffer) => {
    read = Buffer.concat([read, chunk]);
    while (read.length >= skip + FRAME_HEAD_BYTES) {
      const length = read.readUIntBE(skip, 3);
      const end = skip + FRAME_HEAD_BYTES + length;
      if (read.length < end) {
        return;
      }
      const [type, flags, id] = [read[skip + 3], read[skip + 4], read.readUInt32BE(skip + 5)];
      onFrame(type ?? 0, flags ?? 0, id, read.subarray(skip + FRAME_HEAD_BYTES, end));
      read = read.subarray(end);
      skip = 0;
    }
  });
}

function frame(type: number, flags: number, id: number, payload: Uint8Array = Buffer.alloc(0)) {
  const head = Buffer.alloc(FRAME_HEAD_BYTES);
  head.writeUIntBE(payload.length, 0, 3);
  head[3] = type;
  head[4] = flags;
  head.writeUInt32BE(id, 5);
  return Buffer.concat([head, payload]);
}

/** A field as a literal without indexing, both parts as they are (RFC 7541, section 6.2.2). */
function literal(name: string, value: string): Buffer {
  return Buffer.concat([Buffer.from([0]), text(name), text(value)]);
}

// Each character is one byte, so that a test can send any.
function text(value: string): Buffer {
  const bytes = Buffer.from(value, "latin1");
  return Buffer.concat([length(bytes.length), bytes]);
}

/** An integer with a prefix of seven bits (RFC 7541, section 5.1). */
function length(value: number): Buffer {
  if (value < 0x7f) {
    return Buffer.from([value]);
  }
  const bytes = [0x7f];
  let rest = value - 0x7f;
  for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) {
    bytes.push((rest % 0x80) | 0x80);
  }
  return Buffer.from([...bytes, rest]);
}
