import { anyPack, StringValueSchema } from "@bufbuild/protobuf/wkt";
import { Code, ConnectError } from "@connectrpc/connect";
import { expect, test } from "vitest";
import { statusTrailers } from "../../../src/stub/grpc/grpc-status.js";
import { statusFailure } from "../../../src/transport/grpc/status.js";

/** What a client reads of the trailers. */
function read(error: ConnectError) {
  const trailers = statusTrailers(undefined, error);
  const carrier = Object.fromEntries(
    Object.entries(trailers).map(([name, value]) => [name, String(value)]),
  );
  return statusFailure(Number(carrier["grpc-status"]), carrier, new Headers(carrier));
}

test("a call that went well ends with status 0 and the trailers of the service", () => {
  expect(statusTrailers(new Headers({ "x-a": "1" }), undefined)).toEqual({
    "x-a": "1",
    "grpc-status": "0",
  });
});

test.each([
  ["plain words, 'quoted' & such", "plain words, 'quoted' & such"],
  ["50% off", "50%25 off"],
  ["a\nb", "a%0Ab"],
  ["für 東京 😀", "f%C3%BCr %E6%9D%B1%E4%BA%AC %F0%9F%98%80"],
  ["half a \ud83d character", "half a %EF%BF%BD character"],
])("the message %j is sent as %j, and read again", (message, sent) => {
  const error = new ConnectError(message, Code.Aborted);
  expect(statusTrailers(undefined, error)["grpc-message"]).toBe(sent);
  expect(read(error).message).toBe(Buffer.from(message).toString());
});

test("an error's metadata is added to the trailers, but never in the place of its status", () => {
  const metadata = { "retry-after": "1", "x-a": "2", "grpc-status": "0" };
  const error = new ConnectError("later", Code.Unavailable, metadata);
  expect(statusTrailers(new Headers({ "x-a": "1" }), error)).toEqual({
    "retry-after": "1",
    "x-a": "1, 2",
    "grpc-status": "14",
    "grpc-message": "later",
  });
});

test("details are sent, those that were received and those that are made here", () => {
  const value = anyPack(StringValueSchema, {
    $typeName: "google.protobuf.StringValue",
    value: "v",
  });
  const error = new ConnectError("no", Code.Internal, undefined, [
    { desc: StringValueSchema, value: { value: "v" } },
  ]);
  error.details.push({ type: "google.protobuf.StringValue", value: value.value });
  const received = read(error).details?.map((detail) =>
    "type" in detail ? [detail.type, Buffer.from(detail.value)] : detail,
  );
  const detail = ["google.protobuf.StringValue", Buffer.from(value.value)];
  expect(received).toEqual([detail, detail]);
});
