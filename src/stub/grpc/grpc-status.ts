import type { OutgoingHttpHeaders } from "node:http2";
import { create, toBinary } from "@bufbuild/protobuf";
import { BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
import { type Any, AnySchema, anyPack } from "@bufbuild/protobuf/wkt";
import type { ConnectError } from "@connectrpc/connect";

type ErrorDetail = ConnectError["details"][number];

/** The trailers that end a call (PROTOCOL-HTTP2.md, "Responses"): well, or with this error. */
export function statusTrailers(
  metadata: Headers | undefined,
  error: ConnectError | undefined,
): OutgoingHttpHeaders {
  const trailers: OutgoingHttpHeaders = {};
  metadata?.forEach((value, name) => {
    trailers[name] = value;
  });
  if (error === undefined) {
    trailers["grpc-status"] = "0";
    return trailers;
  }
  error.metadata.forEach((value, name) => {
    const other = trailers[name];
    trailers[name] = other === undefined ? value : `${other}, ${value}`;
  });
  trailers["grpc-status"] = String(error.code);
  trailers["grpc-message"] = percentEncode(error.rawMessage);
  if (error.details.length > 0) {
    const status = Buffer.from(encodeRpcStatus(error)).toString("base64");
    trailers["grpc-status-details-bin"] = status.replace(/=+$/, "");
  }
  return trailers;
}

/** Encodes all but the printable characters of ASCII, and the percent sign. */
function percentEncode(text: string): string {
  return text.replace(/[^ -$&-~]+/g, (part) =>
    Buffer.from(part, "utf8").toString("hex").toUpperCase().replace(/../g, "%$&"),
  );
}

/** google.rpc.Status: `int32 code = 1`, `string message = 2`, `repeated Any details = 3`. */
function encodeRpcStatus({ code, rawMessage, details }: ConnectError): Uint8Array {
  const writer = new BinaryWriter();
  writer.tag(1, WireType.Varint).int32(code);
  writer.tag(2, WireType.LengthDelimited).string(rawMessage);
  for (const detail of details) {
    writer.tag(3, WireType.LengthDelimited).bytes(toBinary(AnySchema, packed(detail)));
  }
  return writer.finish();
}

function packed(detail: ErrorDetail): Any {
  if ("desc" in detail) {
    return anyPack(detail.desc, create(detail.desc, detail.value));
  }
  const { type, value } = detail;
  return create(AnySchema, { typeUrl: `type.googleapis.com/${type}`, value });
}
