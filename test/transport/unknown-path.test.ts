import { createServer } from "node:http";
import { Code, createClient } from "@connectrpc/connect";
import { expect, test } from "vitest";
import { ProcessService } from "../../gen/ai/h2o/engine/sandbox/v1/process_service_pb.js";
import { startStubServer } from "../../src/stub/index.js";
import { createTransport } from "../support/create-transport.js";
import { answering, startEdge } from "./rest/support/http-edge.js";
import { closing } from "./support/cleanup.js";
import { listen } from "./support/listen.js";
import { PROCESS } from "./support/process-name.js";

const name = PROCESS;
const ENGINE = "workspaces/w/sandboxEngines/e";
const RPC_PATH = `/${ProcessService.typeName}`;
const CONNECT_HINT = "check the path of aiemUrl, and that the server speaks Connect";

async function errorsOf(
  options: Parameters<typeof createTransport>[1],
  aiemUrl: string,
): Promise<{ unary: unknown; streamed: unknown; listed: unknown }> {
  const { transport } = closing(createTransport({ aiemUrl }, options));
  const client = createClient(ProcessService, transport);
  const reason = (error: unknown) => error;
  const stream = client.streamOutput({ name, skipReplay: true });
  return {
    streamed: await stream[Symbol.asyncIterator]().next().catch(reason),
    unary: await client.getProcess({ name }).catch(reason),
    listed: await client.listProcesses({ parent: ENGINE, pageSize: 7 }).catch(reason),
  };
}

test("over REST, a gateway's own Not Found tells the path that was asked for", async () => {
  await using stub = await startStubServer();
  const errors = await errorsOf({ protocol: "rest" }, `${stub.url}/wrong/`);
  const told = (path: string) => ({
    code: Code.NotFound,
    rawMessage: `Not Found: GET /wrong/v1/${path}; if the resource exists, check the path of aiemUrl`,
  });
  expect(errors.unary).toMatchObject(told(name));
  expect(errors.streamed).toMatchObject(told(`${name}:streamOutput`));
  expect(errors.listed).toMatchObject(told(`${ENGINE}/processes`));
});

test.each([
  ["another message", { code: 5, message: "Not Found: no such process", details: [] }],
  ["another code", { code: 12, message: "Not Found", details: [] }],
  [
    "details",
    { code: 5, message: "Not Found", details: [{ "@type": "type.googleapis.com/a.b.C" }] },
  ],
])("over REST, %s is the service's own word", async (_, body) => {
  const { client } = await startEdge(answering(body, { status: 404 }));
  await expect(client.getProcess({ name })).rejects.toMatchObject({
    code: body.code,
    rawMessage: body.message,
  });
});

test.each(["1.1", "2"] as const)(
  "over Connect and HTTP/%s, a path that nothing answers at is told",
  async (httpVersion) => {
    await using stub = await startStubServer();
    const errors = await errorsOf({ protocol: "connect", httpVersion }, `${stub.url}/wrong`);
    const told = (method: string) => ({
      code: Code.Unimplemented,
      rawMessage: expect.stringMatching(
        `^(Not Found|HTTP 404): POST /wrong${RPC_PATH}/${method}; ${CONNECT_HINT}$`,
      ),
    });
    expect(errors.unary).toMatchObject(told("GetProcess"));
    expect(errors.streamed).toMatchObject(told("StreamOutput"));
  },
);

test("over Connect, the Not Found of a REST gateway is told", async () => {
  const notFound = { code: 5, message: "Not Found", details: [] };
  const server = closing(await listen(createServer(answering(notFound, { status: 404 }))));
  const options = { protocol: "connect", httpVersion: "1.1" } as const;
  const { unary } = await errorsOf(options, `http://127.0.0.1:${server.port}`);
  expect(unary).toMatchObject({
    code: Code.Unimplemented,
    rawMessage: `Not Found: POST ${RPC_PATH}/GetProcess; ${CONNECT_HINT}`,
  });
});
