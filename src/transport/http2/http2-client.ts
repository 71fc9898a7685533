import {
  type ClientHttp2Stream,
  constants,
  type IncomingHttpHeaders,
  type IncomingHttpStatusHeader,
} from "node:http2";
import type { Limit } from "../../async/limit.js";
import type { Failure } from "../../errors/outcome.js";
import type { Connection } from "../wire.js";
import { HeadersTooLarge, isTooManyFrames, maybeTooLarge } from "./header-limits.js";
import type { Http2, Http2End, Http2Listener, Http2Request, Http2Stream } from "./http2.js";
import type { SessionPool } from "./pool.js";
import type { Session } from "./session.js";
import { StalledChunks } from "./stalled-chunks.js";
import type { PoolRequest } from "./waiting-requests.js";

// RFC 9113, section 6.2.
const END_STREAM = 0x1;

/** HTTP/2 by Node.js. */
export class Http2Client implements Http2 {
  readonly #pool: SessionPool;

  constructor(pool: SessionPool) {
    this.#pool = pool;
  }

  request(request: Http2Request, listener: Http2Listener): Http2Stream {
    const open = new OpenRequest(request, listener);
    this.#pool.submit(open);
    return open;
  }

  close(failure: Failure): void {
    this.#pool.close(failure);
  }
}

/** One request, in line or on a stream. */
class OpenRequest implements Http2Stream, PoolRequest {
  leave: (() => void) | undefined;
  readonly long: boolean;
  readonly affinity: Connection | undefined;
  readonly limit: Limit;
  // Until it is sent: a follower would hold it for days.
  #request: Pick<Http2Request, "headers" | "body"> | undefined;
  readonly #listener: Http2Listener;
  #session: Session | undefined;
  #stream: ClientHttp2Stream | undefined;
  #bytesBefore = 0;
  #bytes = 0;
  #answered = false;
  // Deno (2.7.5 to 2.9) may emit data before the headers that it came after (denoland/deno#35947).
  #early: Uint8Array[] | undefined;
  // Whether the server has ended its side by headers, after which no loss and no reset counts.
  #complete = false;
  #trailers: IncomingHttpHeaders | undefined;
  #stalled: StalledChunks | undefined;
  #error: unknown;
  #isFlood = false;
  #paused = false;
  #closed = false;
  // Nothing is told any more.
  #over = false;

  constructor(request: Http2Request, listener: Http2Listener) {
    this.long = request.long;
    this.affinity = request.affinity;
    this.limit = request.limit;
    this.#request = request;
    this.#listener = listener;
  }

  start(session: Session): void {
    if (!this.#request) {
      return;
    }
    const { headers, body } = this.#request;
    const bytesBefore = session.bytesRead;
    const stream = session.open(headers, this.long);
    this.#request = undefined;
    this.#session = session;
    this.#stream = stream;
    this.#bytesBefore = bytesBefore;
    stream.on("error", (error) => {
      this.#error = error;
      // Before the other requests on the connection are over, which counts them.
      this.#isFlood = isTooManyFrames(error) && session.noteFlood(error);
    });
    stream.on("response", (received, flags) => this.#onHeaders(received, flags));
    stream.on("data", (chunk: Uint8Array) => this.#onData(chunk));
    stream.on("trailers", (received) => this.#onTrailers(received));
    stream.on("close", () => this.#onClose(session, stream));
    // With the headers, in one write.
    stream.end(body);
    if (this.#paused) {
      this.#stall(stream);
    }
    this.#listener.sent(session);
  }

  fail(failure: Failure): void {
    // Not before `request` has returned.
    process.nextTick(() => this.#tellClosed({ failure }));
  }

  pause(): void {
    if (!this.#paused) {
      this.#paused = true;
      if (this.#stream && !this.#closed) {
        this.#stall(this.#stream);
      }
    }
  }

  resume(): void {
    if (!this.#paused) {
      return;
    }
    this.#paused = false;
    if (this.#closed) {
      process.nextTick(() => this.#finish());
    } else {
      this.#stalled?.release();
      this.#stream?.resume();
    }
  }

  cancel(): void {
    if (this.#over) {
      return;
    }
    this.#over = true;
    this.leave?.();
    if (this.#stream && !this.#closed) {
      this.#stream.close(constants.NGHTTP2_CANCEL);
    }
  }

  #stall(stream: ClientHttp2Stream): void {
    stream.pause();
    this.#stalled = new StalledChunks(stream);
  }

  #onHeaders(headers: IncomingHttpHeaders & IncomingHttpStatusHeader, flags: number): void {
    this.#answered = true;
    this.#complete ||= (flags & END_STREAM) !== 0;
    if (!this.#over) {
      this.#listener.headers(headers);
    }
    const early = this.#early ?? [];
    this.#early = undefined;
    for (const chunk of early) {
      this.#tellData(chunk);
    }
  }

  #onData(chunk: Uint8Array): void {
    this.#bytes += chunk.byteLength;
    if (this.#answered) {
      this.#tellData(chunk);
    } else {
      this.#early ??= [];
      this.#early.push(chunk);
    }
  }

  #tellData(chunk: Uint8Array): void {
    if (!this.#over) {
      this.#listener.data(chunk);
    }
  }

  #onTrailers(trailers: IncomingHttpHeaders): void {
    this.#complete = true;
    this.#trailers = trailers;
    const stream = this.#stream;
    if (this.#paused || (stream && stream.readableLength > 0)) {
      // Data comes first, which waits for `resume`.
      stream?.once("end", () => this.#tellTrailers());
    } else {
      this.#tellTrailers();
    }
  }

  #tellTrailers(): void {
    const trailers = this.#trailers;
    this.#trailers = undefined;
    if (trailers && !this.#over) {
      this.#listener.trailers(trailers);
    }
  }

  #onClose(session: Session, stream: ClientHttp2Stream): void {
    session.release(stream, this.long);
    this.#closed = true;
    // What is left is read by hand, which is not to be told twice.
    stream.removeAllListeners("data");
    this.#finish();
  }

  /** Tells the rest: what arrived before a reset, or the loss of the connection, too. */
  #finish(): void {
    const stream = this.#stream;
    while (stream && !this.#paused && !this.#over) {
      const chunk: unknown = stream.readableLength > 0 ? stream.read() : this.#stalled?.take();
      if (!(chunk instanceof Uint8Array)) {
        this.#tellTrailers();
        this.#tellClosed(this.#end(stream));
        return;
      }
      this.#onData(chunk);
    }
  }

  #tellClosed(end: Http2End): void {
    if (!this.#over) {
      this.#over = true;
      this.#listener.closed(end);
    }
  }

  #end(stream: ClientHttp2Stream): Http2End {
    if (this.#complete) {
      return { rstCode: constants.NGHTTP2_NO_ERROR, neverProcessed: false };
    }
    const neverProcessed = this.#neverProcessed(stream);
    if (this.#isFlood) {
      const cause = new HeadersTooLarge(this.#error);
      return { rstCode: stream.rstCode, neverProcessed: false, cause };
    }
    const lost = this.#session?.lost;
    if (lost) {
      const isKnown = lost.kind === "lost" && neverProcessed;
      return { failure: isKnown ? { ...lost, kind: "refused" } : lost };
    }
    const { rstCode } = stream;
    const cause = this.#isTooLarge(rstCode) ? new HeadersTooLarge(this.#error) : this.#error;
    return { rstCode, neverProcessed, cause };
  }

  #neverProcessed({ id, rstCode }: ClientHttp2Stream): boolean {
    const goaway = this.#session?.goaway;
    if (this.#answered) {
      return false;
    }
    if (goaway !== undefined && id !== undefined && id > goaway.lastStreamId) {
      return true;
    }
    // Node gives every stream of a session that ends with an error the code of its GOAWAY.
    const isItsOwn = goaway === undefined || goaway.code === constants.NGHTTP2_NO_ERROR;
    return isItsOwn && rstCode === constants.NGHTTP2_REFUSED_STREAM;
  }

  #isTooLarge(rstCode: number): boolean {
    const read = this.#session?.bytesRead ?? 0;
    return (
      rstCode === constants.NGHTTP2_ENHANCE_YOUR_CALM &&
      maybeTooLarge(read - this.#bytesBefore - this.#bytes)
    );
  }
}
