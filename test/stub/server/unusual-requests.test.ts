import { once } from "node:events";
import { connect as connectHttp2, type IncomingHttpHeaders } from "node:http2";
import { connect } from "node:net";
import { buffer } from "node:stream/consumers";
import { deflateSync, gzipSync } from "node:zlib";
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { encodeEnvelope } from "@connectrpc/connect/protocol";
import { describe, expect, it, onTestFinished } from "vitest";
import {
  ListProcessesRequestSchema,
  ListProcessesResponseSchema,
} from "../../../gen/ai/h2o/engine/sandbox/v1/process_service_pb.js";
import { type StubServer, startStubServer } from "../../../src/stub/index.js";
import { startHttpServer } from "../../../src/stub/server/http-server.js";

const SERVICE = "/ai.h2o.engine.sandbox.v1.ProcessService";

async function start(): Promise<StubServer> {
  const stub = await startStubServer();
  onTestFinished(() => stub.close());
  return stub;
}

interface Answer {
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

/** What is answered to a request over HTTP/2; headers and trailers together. */
async function request(url: string, headers: object, body: Uint8Array): Promise<Answer> {
  const session = connectHttp2(url);
  onTestFinished(() => session.destroy());
  const stream = session.request({ ":method": "POST", ...headers });
  const seen: IncomingHttpHeaders = {};
  for (const event of ["response", "trailers"]) {
    stream.on(event, (more: IncomingHttpHeaders) => Object.assign(seen, more));
  }
  stream.on("error", () => {});
  stream.end(body);
  return { body: await buffer(stream).catch(() => Buffer.alloc(0)), headers: seen };
}

function listRequest({ parent }: StubServer): Uint8Array {
  return toBinary(ListProcessesRequestSchema, create(ListProcessesRequestSchema, { parent }));
}

describe("a method that there is not", () => {
  it.each(["application/grpc", "application/grpc+proto", "application/grpc-web+proto"])(
    "is Unimplemented to %s, and not HTTP's 404",
    async (type) => {
      const { url } = await start();
      for (const path of [`${SERVICE}/Unknown`, "/other.Service/Method"]) {
        const { headers } = await request(
          url,
          { ":path": path, "content-type": type },
          encodeEnvelope(0, Buffer.alloc(0)),
        );
        expect(headers).toMatchObject({
          ":status": 200,
          "grpc-status": "12",
          "content-type": type,
        });
        expect(decodeURIComponent(String(headers["grpc-message"]))).toContain(path);
      }
    },
  );
});

describe("a compressed request over gRPC", () => {
  const send = (stub: StubServer, encoding: string, message: Uint8Array) =>
    request(
      stub.url,
      {
        ":path": `${SERVICE}/ListProcesses`,
        "content-type": "application/grpc",
        "grpc-encoding": encoding,
        authorization: `Bearer ${stub.token}`,
        te: "trailers",
      },
      encodeEnvelope(1, message),
    );

  it.each([
    ["gzip", gzipSync],
    ["deflate", deflateSync],
  ] as const)("is taken where that is %s", async (encoding, compress) => {
    const stub = await start();
    const { headers, body } = await send(stub, encoding, compress(listRequest(stub)));
    expect(headers).toMatchObject({ ":status": 200, "grpc-status": "0" });
    expect(body[0]).toBe(0);
    const { processes } = fromBinary(ListProcessesResponseSchema, body.subarray(5));
    expect(processes).toEqual([]);
  });

  it("is refused where it stands for more than a message may have", async () => {
    const stub = await start();
    const bomb = gzipSync(Buffer.alloc(65 * 1024 * 1024));
    expect(bomb.length).toBeLessThan(100_000);
    expect((await send(stub, "gzip", bomb)).headers["grpc-status"]).toBe("8");
    expect((await send(stub, "deflate", Buffer.from("no"))).headers["grpc-status"]).toBe("3");
  });
});

describe("a compressed request without a token", () => {
  it.each(["application/grpc", "application/grpc-web+proto"])(
    "is Unauthenticated before it is decompressed to more than a little, as %s",
    async (type) => {
      const { url } = await start();
      const bomb = encodeEnvelope(1, gzipSync(Buffer.alloc(32 * 1024 * 1024)));
      expect(bomb.length).toBeLessThan(64 * 1024);
      const { headers, body } = await request(
        url,
        { ":path": `${SERVICE}/ListProcesses`, "content-type": type, "grpc-encoding": "gzip" },
        bomb,
      );
      const told = `${JSON.stringify(headers)}${body.toString()}`;
      expect(told).toMatch(/grpc-status"?: ?"?16/);
      // The text of a call whose body was not read, and not that of a message that was.
      expect(decodeURIComponent(told)).toContain("its body is not read for that");
    },
  );
});

describe("gRPC-Web in base64", () => {
  it("is answered in base64, whatever pieces it comes in", async () => {
    const stub = await start();
    const whole = Buffer.from(encodeEnvelope(0, listRequest(stub)));
    const padded = [whole.subarray(0, 4), whole.subarray(4)].map((part) => part.toString("base64"));
    for (const text of [whole.toString("base64"), padded.join("")]) {
      const answer = await fetch(`${stub.url}${SERVICE}/ListProcesses`, {
        method: "POST",
        headers: {
          "content-type": "application/grpc-web-text+proto",
          authorization: `Bearer ${stub.token}`,
        },
        body: text,
      });
      expect(answer.headers.get("content-type")).toBe("application/grpc-web-text+proto");
      const pieces = (await answer.text()).match(/[^=]+=*/g) ?? [];
      const bytes = Buffer.concat(pieces.map((piece) => Buffer.from(piece, "base64")));
      expect(bytes.toString("latin1")).toContain("grpc-status: 0");
    }
  });
});

describe("a large body without a token", () => {
  const LARGE = 8 * 1024 * 1024;

  it.each(["application/grpc", "application/grpc+json", "application/proto", "application/json"])(
    "is Unauthenticated before it is there, as %s",
    async (type) => {
      const { url, parent } = await start();
      const isRest = type === "application/json";
      const session = connectHttp2(url);
      onTestFinished(() => session.destroy());
      const stream = session.request({
        ":method": "POST",
        ":path": isRest ? `/v1/${parent}/processes` : `${SERVICE}/ListProcesses`,
        "content-type": type,
      });
      const seen: IncomingHttpHeaders = {};
      stream.on("error", () => {});
      const answered = new Promise<void>((resolve) => {
        for (const event of ["response", "trailers"]) {
          stream.on(event, (more: IncomingHttpHeaders) => {
            Object.assign(seen, more);
            if ("grpc-status" in more || String(more[":status"]) !== "200") {
              resolve();
            }
          });
        }
      });
      stream.resume();
      // It never ends: who waits for the end of it would wait for ever.
      stream.write(encodeEnvelope(0, Buffer.alloc(LARGE)).subarray(0, LARGE));
      await answered;
      expect(seen["grpc-status"] ?? String(seen[":status"])).toBe(
        type.includes("grpc") ? "16" : "401",
      );
    },
  );
});

describe("a request that does not come to its end", () => {
  it("ends its connection over HTTP/1.1, and its stream over HTTP/2", async () => {
    const server = await startHttpServer(0, {
      handlers: [(incoming) => incoming.resume() !== undefined],
      requestTimeoutMs: 100,
    });
    onTestFinished(() => server.stop());
    for (const start of [
      "POST / HTTP/1.1\r\nhost: x\r\n",
      "POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 9\r\n\r\nx",
    ]) {
      const socket = connect(server.port, "127.0.0.1");
      socket.on("error", () => {});
      socket.resume().write(start);
      await once(socket, "close");
    }
    const session = connectHttp2(`http://127.0.0.1:${server.port}`);
    onTestFinished(() => session.destroy());
    const stream = session.request({ ":method": "POST", ":path": "/" });
    stream.on("error", () => {});
    stream.write("x");
    await once(stream, "close");
    expect(session.destroyed).toBe(false);
  });

  it("goes on over HTTP/2 where it is answered meanwhile, as one of many messages is", async () => {
    const server = await startHttpServer(0, {
      handlers: [
        (incoming, response) => {
          incoming.on("data", (chunk) => response.write(chunk));
          incoming.on("end", () => response.end());
          return true;
        },
      ],
      requestTimeoutMs: 100,
    });
    onTestFinished(() => server.stop());
    const session = connectHttp2(`http://127.0.0.1:${server.port}`);
    onTestFinished(() => session.destroy());
    const open = () => session.request({ ":method": "POST", ":path": "/" });
    const answered = open();
    answered.write("a");
    await once(answered, "data");
    const silent = open();
    silent.on("error", () => {});
    // Its time is over later than that of the first one.
    await once(silent, "close");
    answered.end("b");
    expect(await once(answered, "data")).toEqual([Buffer.from("b")]);
    await once(answered, "close");
    expect(answered.rstCode).toBe(0);
  });
});
