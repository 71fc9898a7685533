import { expect, test } from "vitest";
import { Process_State } from "../../../gen/ai/h2o/engine/sandbox/v1/process_pb.js";
import { failure } from "../support/failure.js";
import { PROCESS } from "../support/process-name.js";
import { answering, startEdge, startRawEdge } from "./support/http-edge.js";

const name = PROCESS;

test("a message is read from JSON, and what is not known in it is ignored", async () => {
  const { client } = await startEdge(
    answering({
      process: {
        name,
        state: "STATE_RUNNING",
        exitCode: 0,
        endTime: null,
        createTime: "2026-01-02T03:04:05.678901234Z",
        new_field: { a: [1] },
        args: ["é", "\u{1f600}"],
      },
      other: null,
    }),
  );
  const { process } = await client.getProcess({ name });
  expect(process).toMatchObject({ name, state: Process_State.RUNNING, args: ["é", "😀"] });
  expect(process?.createTime?.nanos).toBe(678_901_234);
  expect(process?.endTime).toBeUndefined();
});

test("a state of a newer server is no error", async () => {
  const { client } = await startEdge(answering({ process: { name, state: "STATE_PAUSED" } }));
  const { process } = await client.getProcess({ name });
  expect(process?.state).toBe(Process_State.UNSPECIFIED);
});

test("bytes of every value arrive, and many of them", async () => {
  const data = Buffer.alloc(20_000_000, Buffer.from(Array.from({ length: 256 }, (_, n) => n)));
  const { client } = await startEdge(answering({ data: data.toString("base64") }));
  const answer = await client.readOutput({ name });
  expect(Buffer.compare(answer.data, data)).toBe(0);
});

test("an answer larger than readMaxBytes is given up, whether its length is told or not", async () => {
  let sent = 0;
  const { client, sockets } = await startEdge(
    (request, response) => {
      request.resume();
      response.writeHead(200, { "content-type": "application/json" });
      response.on("error", () => undefined);
      const write = () => {
        while (!response.destroyed && response.write("x".repeat(65_536))) {
          sent += 65_536;
        }
        response.once("drain", write);
      };
      write();
    },
    { readMaxBytes: 1_000_000 },
  );
  await expect(client.readOutput({ name })).rejects.toMatchObject(
    failure(
      "ResourceExhausted",
      /^a message is larger than readMaxBytes 1000000; stream the output/,
    ),
  );
  await expect.poll(() => sockets.size).toBe(0);
  expect(sent).toBeLessThan(50_000_000);
});

test.each([
  ["no JSON", '{"process":{"environmentVariables":{"A":"s3cret"},}}', /it is not JSON$/],
  ["no object", "[]", /it is JSON, but not an object$/],
  ["of another type", { process: { args: "s3cret" } }, /args.* has another type in JSON/],
  ["with bytes that are none", { data: "s3cret!" }, /"data": is not base64$/],
  ["empty", "", /it is not JSON$/],
])("an answer that is %s cannot be read, and is not shown", async (_, body, message) => {
  const { client } = await startEdge(answering(body));
  const call = typeof body === "object" && "data" in body ? client.readOutput : client.getProcess;
  const error: unknown = await call({ name }).catch((reason) => reason);
  expect(error).toMatchObject(failure("Internal", message));
  const { inspect } = await import("node:util");
  expect(inspect(error, { depth: 9, showHidden: true })).not.toContain("s3cret");
});

test("a login page is no answer, though its status is 200", async () => {
  const headers = { "content-type": "text/html; charset=utf-8" };
  const { origin, client } = await startEdge(answering("<html>Log in</html>", { headers }));
  const expected = failure(
    "Unknown",
    new RegExp(`^${origin} answered HTTP 200 text/html; charset=utf-8, which is not AIEM's REST$`),
  );
  await expect(client.getProcess({ name })).rejects.toMatchObject(expected);
  const follower = client.streamOutput({ name })[Symbol.asyncIterator]();
  await expect(follower.next()).rejects.toMatchObject(expected);
});

test("an answer that only the connection's end ends is taken if it is whole", async () => {
  let body = '{"process":{"name":"x"}}';
  const { client } = await startRawEdge((socket) =>
    socket.end(`HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\r\n${body}`),
  );
  expect((await client.getProcess({ name })).process?.name).toBe("x");
  body = '{"process":{"name":"x"}';
  await expect(client.getProcess({ name })).rejects.toMatchObject(
    failure("Unavailable", /^connection lost: .* made a premature end of its answer$/),
  );
});

test("informational answers before the real one are passed over", async () => {
  const { client } = await startRawEdge((socket) =>
    socket.write(
      "HTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\nHTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}",
    ),
  );
  await expect(client.getProcess({ name })).resolves.toBeDefined();
});

test("an answer without a content type is not taken for the gRPC that the gateway had", async () => {
  const { client } = await startRawEdge((socket) =>
    socket.write(
      "HTTP/1.1 200 OK\r\nGrpc-Metadata-Content-Type: application/grpc\r\ncontent-length: 2\r\n\r\n{}",
    ),
  );
  await expect(client.getProcess({ name })).resolves.toBeDefined();
});

test("what the service says in its headers is there under its own name", async () => {
  const headers = {
    "Grpc-Metadata-X-Region": "eu",
    "Grpc-Metadata-Content-Type": "application/grpc",
  };
  const { client } = await startEdge(answering({}, { headers }));
  let header: Headers | undefined;
  await client.getProcess({ name }, { onHeader: (received) => (header = received) });
  expect(header?.get("x-region")).toBe("eu");
  expect(header?.get("content-type")).toBe("application/json");
});
