import { once } from "node:events";
import { type ClientHttp2Session, connect } from "node:http2";

import { create, toBinary } from "@bufbuild/protobuf";
import { afterEach, beforeEach, describe, expect, test } from "vitest";

import { ReadOutputRequestSchema } from "../../../src/gen.js";
import { type ScriptedServer, startScriptedServer } from "./scripted-server.js";

const METHOD = "/ai.h2o.engine.sandbox.v1.ProcessService/ReadOutput";

describe("a caller that does not read its response", () => {
  let server: ScriptedServer;
  let session: ClientHttp2Session;

  beforeEach(async () => {
    server = await startScriptedServer();
    session = connect(server.url);
  });
  afterEach(async () => {
    session.destroy();
    await server.stop();
  });

  /** Asks for so many bytes, and reads none of them. */
  async function requestUnread(bytes: number): Promise<void> {
    const call = session.request({
      ":method": "POST",
      ":path": METHOD,
      "content-type": "application/proto",
    });
    call.on("error", () => {});
    call.end(
      toBinary(ReadOutputRequestSchema, create(ReadOutputRequestSchema, { name: String(bytes) })),
    );
    const [headers] = await once(call, "response");
    expect(headers).toMatchObject({ ":status": 200 });
  }

  test("does not keep the other calls of its connection from being answered", async () => {
    await requestUnread(20 * 1024 * 1024);
    await requestUnread(20 * 1024 * 1024);
    const call = session.request({ ":path": "/version" });
    const [headers] = await once(call, "response");
    expect(headers).toMatchObject({ ":status": 200 });
    expect(await call.toArray()).not.toEqual([]);
  });
});
