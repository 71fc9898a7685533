import { createServer, type OutgoingHttpHeaders } from "node:http2";
import { Code, createClient } from "@connectrpc/connect";
import { expect, test } from "vitest";
import { ProcessService } from "../../../gen/ai/h2o/engine/sandbox/v1/process_service_pb.js";
import { createTransport } from "../../support/create-transport.js";
import { closing } from "../support/cleanup.js";
import { failure } from "../support/failure.js";
import { listen } from "../support/listen.js";
import { PROCESS } from "../support/process-name.js";

async function answer(headers: OutgoingHttpHeaders, body?: Buffer) {
  const server = createServer();
  server.on("stream", (stream) => {
    stream.respond({ ":status": 200, ...headers });
    stream.end(body);
  });
  const { port } = closing(await listen(server));
  const origin = `http://127.0.0.1:${port}`;
  const { transport, sent } = closing(createTransport({ aiemUrl: origin }, { protocol: "grpc" }));
  return { origin, sent, client: createClient(ProcessService, transport) };
}

test("a status whose message is not encoded keeps its code and message", async () => {
  const { client, sent } = await answer({
    "content-type": "application/grpc+proto",
    "grpc-status": "9",
    "grpc-message": "50% off",
  });
  await expect(client.getProcess({ name: PROCESS })).rejects.toMatchObject(
    failure("FailedPrecondition", /^50% off$/),
  );
  expect(sent[0]?.failure).toMatchObject({ kind: "status", code: Code.FailedPrecondition });
});

test.each([
  [
    404,
    "application/json",
    "Unimplemented",
    '; for AIEM\'s public REST surface use protocol: "rest"',
  ],
  [502, "text/html", "Unavailable", ""],
  [200, "text/html", "Unknown", ""],
] as const)(
  "HTTP %i of something that is no gRPC server says so",
  async (status, type, code, hint) => {
    const { origin, client } = await answer({ ":status": status, "content-type": type });
    await expect(client.getProcess({ name: PROCESS })).rejects.toMatchObject(
      failure(
        code,
        new RegExp(`^${origin} answered HTTP ${status} ${type}, which is not gRPC${hint}$`),
      ),
    );
  },
);

test("an answer that ends without a status is told as it is", async () => {
  const { origin, client, sent } = await answer(
    { "content-type": "application/grpc+proto" },
    Buffer.from([0, 0, 0, 0, 0]),
  );
  await expect(client.getProcess({ name: PROCESS })).rejects.toMatchObject(
    failure("Internal", new RegExp(`^${origin} ended its answer without a gRPC status$`)),
  );
  expect(sent[0]).toMatchObject({
    attempt: { evidence: { answered: true } },
    failure: { kind: "lost" },
  });
});
