import type { IncomingHttpHeaders } from "node:http";
import { expect, test } from "vitest";
import { OutputStream } from "../../../gen/ai/h2o/engine/sandbox/v1/process_pb.js";
import { failure } from "../support/failure.js";
import { PROCESS } from "../support/process-name.js";
import { bodyOf, restClient, startEdge } from "./support/http-edge.js";

const PARENT = "workspaces/w/sandboxEngines/e";

async function start() {
  const seen: { line: string; body: string; headers: IncomingHttpHeaders }[] = [];
  const edge = await startEdge(async (request, response) => {
    const { method, url, headers } = request;
    seen.push({ line: `${method} ${url}`, body: await bodyOf(request), headers });
    response.setHeader("content-type", "application/json");
    response.end('{"result":{}}\n');
  });
  return { ...edge, seen };
}

test("each method is sent by its google.api.http rule", async () => {
  const { client, seen } = await start();
  await client.createProcess({
    parent: PARENT,
    process: { command: "sh", args: ["-c", "é"], environmentVariables: { A: "b" } },
    processId: "p",
    autoRun: true,
  });
  await client.createProcess({ parent: PARENT });
  await client.startProcess({ name: PROCESS });
  await client.getProcess({ name: PROCESS });
  await client.listProcesses({ parent: PARENT, pageSize: 2, filter: "state = STATE_RUNNING" });
  await client.sendSignal({ name: PROCESS, signal: 15 });
  await client.waitProcess({ name: PROCESS });
  await client.readOutput({ name: PROCESS, outputStream: OutputStream.STDERR });
  await client.readOutputFrames({ name: PROCESS });
  for await (const _ of client.streamOutput({ name: PROCESS, skipReplay: true })) {
  }
  expect(seen.map(({ line, body }) => [line, body])).toEqual([
    [
      `POST /v1/${PARENT}/processes?processId=p&autoRun=true`,
      '{"command":"sh","args":["-c","é"],"environmentVariables":{"A":"b"}}',
    ],
    [`POST /v1/${PARENT}/processes`, ""],
    [`POST /v1/${PROCESS}:start`, "{}"],
    [`GET /v1/${PROCESS}`, ""],
    [`GET /v1/${PARENT}/processes?pageSize=2&filter=state%20%3D%20STATE_RUNNING`, ""],
    [`POST /v1/${PROCESS}:sendSignal`, '{"signal":15}'],
    [`POST /v1/${PROCESS}:wait`, "{}"],
    [`GET /v1/${PROCESS}:readOutput?outputStream=OUTPUT_STREAM_STDERR`, ""],
    [`GET /v1/${PROCESS}:readOutputFrames`, ""],
    [`GET /v1/${PROCESS}:streamOutput?skipReplay=true`, ""],
  ]);
});

test("a body is told to be JSON, and its length in bytes", async () => {
  const { client, seen } = await start();
  await client.createProcess({ parent: PARENT, process: { command: "é" } });
  await client.getProcess({ name: PROCESS });
  expect(seen[0]?.headers).toMatchObject({
    accept: "application/json",
    "content-type": "application/json",
    "content-length": "16",
  });
  expect(seen[1]?.headers).not.toHaveProperty("content-type");
  expect(seen[1]?.headers).not.toHaveProperty("content-length");
});

test("the time of a call is told, and a timeout that the caller tells goes first", async () => {
  const { client, seen } = await start();
  await client.getProcess({ name: PROCESS }, { timeoutMs: 30_000 });
  await client.getProcess({ name: PROCESS });
  await client.waitProcess({ name: PROCESS }, { headers: { "Grpc-Timeout": "500m" } });
  expect(seen.map(({ headers }) => headers["grpc-timeout"])).toEqual(["30000m", undefined, "500m"]);
});

test("headers of the caller's are sent, but not those of the connection", async () => {
  const { client, seen } = await start();
  const headers = {
    "x-request-id": "1",
    "Grpc-Metadata-Color": "blue",
    "Content-Length": "3",
    Connection: "x-request-id",
    "Transfer-Encoding": "chunked",
    Host: "other",
    "Connect-Timeout-Ms": "5",
    Upgrade: "h2c",
    Expect: "100-continue",
    "Accept-Encoding": "gzip",
  };
  const { origin } = await start();
  await client.sendSignal({ name: PROCESS, signal: 9 }, { headers });
  expect(seen[0]?.headers).toMatchObject({
    "x-request-id": "1",
    "grpc-metadata-color": "blue",
    "content-length": String('{"signal":9}'.length),
    connection: "keep-alive",
    "accept-encoding": "identity",
  });
  expect(seen[0]?.headers["host"]).toMatch(/^127\.0\.0\.1:/);
  expect(origin).toContain("127.0.0.1");
  for (const name of ["transfer-encoding", "connect-timeout-ms", "upgrade", "expect"]) {
    expect(seen[0]?.headers).not.toHaveProperty(name);
  }
});

test("a name that would reach another resource is refused before anything is sent", async () => {
  const { client, seen } = await start();
  for (const name of ["p", `${PROCESS}/x`, "workspaces/w/sandboxEngines/e/processes/..", ""]) {
    await expect(client.getProcess({ name })).rejects.toMatchObject(
      failure("InvalidArgument", /^parsing field "name": must match/),
    );
  }
  expect(seen).toEqual([]);
});

test("the path of the address is put before every path, and the token is sent", async () => {
  const { origin, seen } = await start();
  const { client } = restClient(`${origin}/prefix`, { token: "t" });
  await client.getProcess({ name: PROCESS });
  expect(seen[0]).toMatchObject({
    line: `GET /prefix/v1/${PROCESS}`,
    headers: { authorization: "Bearer t", "user-agent": "test" },
  });
});

test("headers of the caller's win", async () => {
  const { origin, seen } = await start();
  const { client } = restClient(origin, { token: "t" });
  const headers = { Authorization: "Bearer mine", "User-Agent": "me", "grpc-timeout": "1S" };
  await client.getProcess({ name: PROCESS }, { headers, timeoutMs: 30_000 });
  expect(seen[0]?.headers).toMatchObject({
    authorization: "Bearer mine",
    "user-agent": "me",
    "grpc-timeout": "1S",
  });
});
