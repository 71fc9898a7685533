import { createServer } from "node:http";
import { Code, createClient } from "@connectrpc/connect";
import { expect, test } from "vitest";
import { ProcessService } from "../../../gen/ai/h2o/engine/sandbox/v1/process_service_pb.js";
import { createTransport } from "../../support/create-transport.js";
import { closing } from "../support/cleanup.js";
import { failure } from "../support/failure.js";
import { listen } from "../support/listen.js";
import { PROCESS } from "../support/process-name.js";
import { connectTo, REST_ANSWER } from "./support/edges.js";

const name = PROCESS;

test("a call that is sent again has only the time that is left", async () => {
  const rest = createServer((request) => request.resume());
  const { client } = await connectTo(rest);
  const start = performance.now();
  await expect(client.getProcess({ name }, { timeoutMs: 300 })).rejects.toMatchObject({
    code: Code.DeadlineExceeded,
  });
  expect(performance.now() - start).toBeLessThan(5_000);
});

test("an error of the hook fails the call that it is told of", async () => {
  const { port } = closing(await listen(createServer(REST_ANSWER)));
  const own = closing(
    createTransport({ aiemUrl: `http://127.0.0.1:${port}` }, {}, () => {
      throw new Error("not REST");
    }),
  );
  const client = createClient(ProcessService, own.transport);
  await expect(client.getProcess({ name })).rejects.toMatchObject({ message: "not REST" });
  await expect(client.getProcess({ name })).resolves.toBeDefined();
});

test("closing the client ends calls of both protocols", async () => {
  const { client, own, sockets } = await connectTo(
    createServer((request, response) => {
      if (request.url?.endsWith(":wait")) {
        request.resume();
      } else {
        REST_ANSWER(request, response);
      }
    }),
  );
  await client.getProcess({ name });
  const end = expect(client.waitProcess({ name })).rejects.toMatchObject(
    failure("Canceled", /^the client was closed$/),
  );
  await new Promise((resolve) => setTimeout(resolve, 20));
  own.close();
  await end;
  await expect.poll(() => sockets.size).toBe(0);
});
