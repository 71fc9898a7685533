import type { IncomingHttpHeaders } from "node:http";
import {
  type BrotliDecompress,
  createBrotliDecompress,
  createGunzip,
  createInflate,
  type Gunzip,
  type Inflate,
} from "node:zlib";
import { Code } from "@connectrpc/connect";
import { nodeErrorCode } from "../errors/node-error-code.js";
import type { Failure } from "../errors/outcome.js";
import { connectionLost } from "./failures.js";

type Decoder = Gunzip | Inflate | BrotliDecompress;

/**
 * What takes the content coding off a body (RFC 9110, section 8.4.1); undefined where there is none.
 * None is asked for: some proxies compress all the same.
 */
export function decoderOf(headers: IncomingHttpHeaders): Decoder | undefined | "unknown" {
  switch (codingOf(headers).toLowerCase() || "identity") {
    case "identity":
      return undefined;
    case "gzip":
    case "x-gzip":
      return createGunzip();
    case "deflate":
      return createInflate();
    case "br":
      return createBrotliDecompress();
    default:
      return "unknown";
  }
}

/** Whether a decoder failed only because nothing came: what has no body may have the header all the same. */
export function isEmptyBody(decoder: Decoder, error: unknown): boolean {
  return decoder.bytesWritten === 0 && nodeErrorCode(error) === "Z_BUF_ERROR";
}

/** Why a body cannot be decoded. */
export function notDecoded(headers: IncomingHttpHeaders, origin: string, cause?: unknown): Failure {
  const code = nodeErrorCode(cause);
  if (code === "Z_BUF_ERROR") {
    return connectionLost(origin, "made a premature end of its answer", cause);
  }
  const coding = JSON.stringify(codingOf(headers));
  const why = code === undefined ? "which is not known here" : `and it is none (${code})`;
  const message = `the answer of ${origin} cannot be read: its content encoding is ${coding}, ${why}; none was asked for`;
  return { kind: "unreadable", code: Code.Internal, message, cause };
}

function codingOf(headers: IncomingHttpHeaders): string {
  return headers["content-encoding"]?.trim() ?? "";
}
