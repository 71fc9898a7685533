import { constants, type IncomingHttpHeaders } from "node:http2";
import { fromBinary } from "@bufbuild/protobuf";
import { BinaryReader, WireType } from "@bufbuild/protobuf/wire";
import { AnySchema } from "@bufbuild/protobuf/wkt";
import { Code, type ConnectError } from "@connectrpc/connect";
import type { Failure } from "../../errors/outcome.js";
import { answeredWith } from "../failures.js";
import { appendHeader } from "../headers.js";

const OK = 0;

/** The status of a call, as headers or trailers have it; undefined where they have none. */
export function readStatus(headers: IncomingHttpHeaders | undefined): number | undefined {
  const status = headers?.["grpc-status"];
  // Of a status that is there twice Node.js makes `0, 5`, which says nothing.
  return typeof status === "string" && /^\d{1,9}$/.test(status) ? Number(status) : undefined;
}

/** Whether the call succeeded. */
export function isOk(status: number): boolean {
  return status === OK;
}

/**
 * The server's own word. `grpc-status` decides; the details only add to it (PROTOCOL-HTTP2.md,
 * "Responses").
 *
 * @param carrier the headers or trailers that the status is in.
 * @param metadata all headers and trailers of the answer.
 */
export function statusFailure(
  status: number,
  carrier: IncomingHttpHeaders,
  metadata: Headers,
): Failure {
  const code = Code[status] === undefined ? Code.Unknown : status;
  return {
    ...answeredWith(code, readMessage(carrier["grpc-message"]), metadata),
    details: readDetails(carrier["grpc-status-details-bin"], status),
    protocol: "spoken",
  };
}

/**
 * Decodes a percent-encoded message as well as can be: a percent sign that encodes nothing stays,
 * and so do characters beyond ASCII that a server did not encode.
 */
function readMessage(value: string | string[] | undefined): string {
  const text = typeof value === "string" ? value : (value?.join(", ") ?? "");
  if (!/[%\x80-\xff]/.test(text)) {
    return text;
  }
  // Node.js gives each byte of a header as one character.
  const bytes = Buffer.from(text, "latin1");
  const decoded: number[] = [];
  for (let i = 0; i < bytes.length; i += 1) {
    const hex = bytes[i] === 0x25 ? bytes.toString("latin1", i + 1, i + 3) : "";
    if (/^[0-9a-fA-F]{2}$/.test(hex)) {
      decoded.push(Number.parseInt(hex, 16));
      i += 2;
    } else {
      decoded.push(bytes[i] ?? 0);
    }
  }
  const all = Uint8Array.from(decoded);
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(all);
  } catch {
    return Buffer.from(all).toString("latin1");
  }
}

/** The details of a google.rpc.Status; none where it is malformed, or about another status. */
function readDetails(
  value: string | string[] | undefined,
  status: number,
): ConnectError["details"] | undefined {
  if (typeof value !== "string" || value === "") {
    return undefined;
  }
  try {
    const { code, details } = readRpcStatus(Uint8Array.from(Buffer.from(value, "base64")));
    return code === status && details.length > 0 ? details : undefined;
  } catch {
    return undefined;
  }
}

/** google.rpc.Status: `int32 code = 1`, `string message = 2`, `repeated Any details = 3`. */
function readRpcStatus(bytes: Uint8Array): { code: number; details: ConnectError["details"] } {
  const reader = new BinaryReader(bytes);
  let code = OK;
  const details: ConnectError["details"] = [];
  while (reader.pos < reader.len) {
    const [field, wireType] = reader.tag();
    if (field === 1 && wireType === WireType.Varint) {
      code = reader.int32();
    } else if (field === 3 && wireType === WireType.LengthDelimited) {
      const { typeUrl, value } = fromBinary(AnySchema, reader.bytes());
      details.push({ type: typeUrl.slice(typeUrl.lastIndexOf("/") + 1), value });
    } else {
      reader.skip(wireType, field);
    }
  }
  return { code, details };
}

/** The code of an answer that is no gRPC (gRPC's document http-grpc-status-mapping.md). */
export function codeOfHttpStatus(status: number): Code {
  switch (status) {
    case 400:
    case 431:
      return Code.Internal;
    case 401:
      return Code.Unauthenticated;
    case 403:
      return Code.PermissionDenied;
    case 404:
      return Code.Unimplemented;
    case 429:
    case 502:
    case 503:
    case 504:
      return Code.Unavailable;
    default:
      return Code.Unknown;
  }
}

/** The code of a reset that no status came with (PROTOCOL-HTTP2.md, "Errors"). */
export function codeOfReset(code: number): Code {
  switch (code) {
    case constants.NGHTTP2_ENHANCE_YOUR_CALM:
      return Code.ResourceExhausted;
    case constants.NGHTTP2_INADEQUATE_SECURITY:
      return Code.PermissionDenied;
    default:
      return Code.Unavailable;
  }
}

/** Adds what Node.js has read, without HTTP/2's pseudo-headers. */
export function addHeaders(headers: Headers, incoming: IncomingHttpHeaders): void {
  for (const [name, value] of Object.entries(incoming)) {
    if (!name.startsWith(":") && value !== undefined) {
      for (const one of Array.isArray(value) ? value : [value]) {
        appendHeader(headers, name, one);
      }
    }
  }
}
