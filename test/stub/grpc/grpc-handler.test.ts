import { once } from "node:events";
import { connect, type OutgoingHttpHeaders } from "node:http2";
import { gzipSync } from "node:zlib";
import { toBinary } from "@bufbuild/protobuf";
import { encodeEnvelope } from "@connectrpc/connect/protocol";
import { expect, onTestFinished, test } from "vitest";
import { GetProcessRequestSchema } from "../../../gen/ai/h2o/engine/sandbox/v1/process_service_pb.js";
import { type ScriptedServer, startScriptedServer } from "../server/scripted-server.js";

const MESSAGE = toBinary(GetProcessRequestSchema, {
  $typeName: "ai.h2o.engine.sandbox.v1.GetProcessRequest",
  name: "p",
});
const GOOD = encodeEnvelope(0, MESSAGE);

/** The status that a request of these bytes is answered with. */
async function statusOf(
  { url }: ScriptedServer,
  body: readonly Uint8Array[],
  headers: OutgoingHttpHeaders = {},
  method = "GetProcess",
): Promise<string> {
  const session = connect(url);
  onTestFinished(() => session.destroy());
  const call = session.request({
    ":method": "POST",
    ":path": `/ai.h2o.engine.sandbox.v1.ProcessService/${method}`,
    "content-type": "application/grpc",
    te: "trailers",
    ...headers,
  });
  let status: unknown;
  call.on("response", (received) => {
    status ??= received["grpc-status"];
  });
  call.on("trailers", (received) => {
    status ??= received["grpc-status"];
  });
  for (const part of body) {
    call.write(part);
    await new Promise((resolve) => setImmediate(resolve));
  }
  call.end();
  call.resume();
  await once(call, "close");
  return String(status);
}

test.each<[title: string, body: readonly Uint8Array[], status: string]>([
  ["in one part", [GOOD], "0"],
  ["byte by byte", [...GOOD].map((byte) => Uint8Array.of(byte)), "0"],
  [
    "with fields that are not known",
    [encodeEnvelope(0, Buffer.concat([MESSAGE, Buffer.from("7a0161", "hex")]))],
    "0",
  ],
  ["that is missing", [], "12"],
  ["that another one follows", [GOOD, GOOD], "12"],
  ["without its end", [GOOD.subarray(0, -1)], "3"],
  ["without its whole prefix", [GOOD.subarray(0, 3)], "3"],
  ["that is none of this type", [encodeEnvelope(0, Buffer.from("0aff", "hex"))], "3"],
  ["that is compressed, and does not say how", [encodeEnvelope(1, gzipSync(MESSAGE))], "13"],
])("a message %s", async (_title, body, status) => {
  await using server = await startScriptedServer();
  expect(await statusOf(server, body)).toBe(status);
});

test.each<[title: string, headers: OutgoingHttpHeaders, status: string]>([
  ["says that nothing is compressed", { "grpc-encoding": "identity" }, "0"],
  ["is compressed in a way that the stub does not know", { "grpc-encoding": "snappy" }, "12"],
  ["names its encoding", { "content-type": "application/grpc+proto" }, "0"],
  ["has a deadline that no timer can hold", { "grpc-timeout": "99999999H" }, "0"],
  ["has a malformed deadline", { "grpc-timeout": "soon" }, "3"],
])("a request that %s", async (_title, headers, status) => {
  await using server = await startScriptedServer();
  expect(await statusOf(server, [GOOD], headers)).toBe(status);
});

test.each(["20m", "20000u", "1n"])(
  "a call that waits ends at its deadline of %s",
  async (timeout) => {
    await using server = await startScriptedServer();
    const headers = { "grpc-timeout": timeout };
    expect(await statusOf(server, [GOOD], headers, "WaitProcess")).toBe("4");
  },
);

test("a method that the service does not have is unimplemented", async () => {
  await using server = await startScriptedServer();
  expect(await statusOf(server, [GOOD], {}, "StartProcess")).toBe("12");
});
