import type { Socket } from "node:net";

/** Who takes a connection over once its protocol is known. */
export interface HttpAcceptors {
  /** Serves a connection that speaks HTTP/1.1. */
  readonly http1: (socket: Socket) => void;
  /** Serves a connection that speaks HTTP/2. */
  readonly http2: (socket: Socket) => void;
}

/**
 * Reads the first bytes of a cleartext connection until they tell HTTP/2 from HTTP/1.1, puts them
 * back, and hands the connection over. A connection that ends before, or does not tell within
 * `timeoutMs`, is destroyed.
 */
export function detectHttpVersion(
  socket: Socket,
  acceptors: HttpAcceptors,
  timeoutMs: number,
): void {
  let head: Buffer = Buffer.alloc(0);
  const timer = setTimeout(() => socket.destroy(), timeoutMs);
  socket.on("data", onData);
  socket.on("end", onEnd);
  socket.on("close", release);

  function onData(chunk: Buffer): void {
    head = Buffer.concat([head, chunk]);
    const match = matchPreface(head);
    if (match === "partial") {
      return;
    }
    release();
    socket.pause();
    socket.unshift(head);
    if (match === "match") {
      acceptors.http2(socket);
    } else {
      acceptors.http1(socket);
      // The parser of HTTP/1.1 reads what comes from now on by itself, but takes what was put back
      // from the stream, which has to flow for that.
      socket.resume();
    }
  }

  function onEnd(): void {
    socket.destroy();
  }

  function release(): void {
    clearTimeout(timer);
    socket.off("data", onData);
    socket.off("end", onEnd);
    socket.off("close", release);
  }
}

/**
 * What an HTTP/2 connection with prior knowledge starts with (RFC 9113, section 3.4). Its first
 * line is no request that an HTTP/1.1 client would make, but its first byte can be: P is POST, too.
 */
export const HTTP2_PREFACE: Uint8Array = Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "latin1");

/** Whether the first bytes of a connection are the preface, could become it, or are not. */
function matchPreface(head: Uint8Array): "match" | "partial" | "mismatch" {
  const length = Math.min(head.length, HTTP2_PREFACE.length);
  if (Buffer.compare(head.subarray(0, length), HTTP2_PREFACE.subarray(0, length)) !== 0) {
    return "mismatch";
  }
  return length === HTTP2_PREFACE.length ? "match" : "partial";
}
