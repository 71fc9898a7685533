import { once } from "node:events";
import { connect } from "node:http2";

import { expect, onTestFinished, test } from "vitest";

import { connectRaw } from "./raw-connection.js";
import { startScriptedServer } from "./scripted-server.js";

const METHOD = "/ai.h2o.engine.sandbox.v1.ProcessService/StreamOutput";
/** Claims 4 GB, of which nothing follows: the call is refused while its request is still sent. */
const TOO_LARGE = Buffer.from([0, 0xff, 0xff, 0xff, 0xff]);

test("over HTTP/1.1, a refused request that goes on leaves the connection to the next one", async () => {
  await using server = await startScriptedServer();
  const { socket, receivedUntil } = await connectRaw(server.port);
  onTestFinished(() => void socket.destroy());
  const head = [
    `POST ${METHOD} HTTP/1.1`,
    "host: localhost",
    "content-type: application/connect+proto",
    "transfer-encoding: chunked",
  ];
  socket.write(`${head.join("\r\n")}\r\n\r\n5\r\n`);
  socket.write(TOO_LARGE);
  socket.write("\r\n");
  const answer = await receivedUntil((bytes) => bytes.includes("\r\n0\r\n\r\n"));
  expect(answer.toString()).toContain("resource_exhausted");
  // More than is read at once.
  const rest = Buffer.alloc(1024 * 1024);
  socket.write(`${rest.length.toString(16)}\r\n`);
  socket.write(rest);
  socket.write("\r\n0\r\n\r\nGET /version HTTP/1.1\r\nhost: localhost\r\n\r\n");
  const both = await receivedUntil((bytes) => bytes.includes("1.2.3"));
  expect(both.toString().match(/HTTP\/1\.1 200/g)).toHaveLength(2);
});

test("over HTTP/2, a refused request that goes on is ended, after its status", async () => {
  await using server = await startScriptedServer();
  const session = connect(server.url);
  onTestFinished(() => session.destroy());
  const call = session.request({
    ":method": "POST",
    ":path": METHOD,
    "content-type": "application/grpc",
    te: "trailers",
  });
  const closed = once(call, "close");
  // In the first headers, where nothing else comes; in the trailers otherwise.
  const statuses: unknown[] = [];
  call.on("response", (headers) => statuses.push(headers["grpc-status"]));
  call.on("trailers", (headers) => statuses.push(headers["grpc-status"]));
  call.resume();
  call.write(TOO_LARGE);
  await closed;
  expect(statuses).toContain("8");
  expect(call.rstCode).toBe(0);
});
