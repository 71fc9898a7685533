import { createServer as createHttpsServer } from "node:https";
import { connect, createServer, type Socket } from "node:net";
import { createClient } from "@connectrpc/connect";
import { expect, test } from "vitest";
import { ProcessService } from "../../../gen/ai/h2o/engine/sandbox/v1/process_service_pb.js";
import { failureOf } from "../../../src/client/attempt-failure.js";
import { mayHaveHadEffect } from "../../../src/retry/repeatable.js";
import { runInCall } from "../../../src/transport/call-context.js";
import { CallRecord } from "../../../src/transport/call-record.js";
import { createTransport } from "../../../src/transport/create-transport.js";
import { selfSigned } from "../support/certificates.js";
import { closing } from "../support/cleanup.js";
import { failure } from "../support/failure.js";
import { listen } from "../support/listen.js";
import { PROCESS } from "../support/process-name.js";
import { answering } from "./support/http-edge.js";

// A record of application data that no key has made.
const FORGED = Buffer.from([0x17, 0x03, 0x03, 0x00, 0x20, ...Array(32).fill(0)]);

test.each([
  ["first", 0, { protocol: "rest" }],
  ["second", 1, { protocol: "rest" }],
  ["first", 0, { protocol: "connect", httpVersion: "1.1" }],
] as const)(
  "TLS that breaks under the %s call of a connection may have had its effect: %i, %j",
  async (_, before, options) => {
    let calls = 0;
    let client: Socket | undefined;
    const server = createHttpsServer(await selfSigned({}), (request, response) => {
      calls += 1;
      if (calls > before) {
        client?.write(FORGED);
      } else {
        answering({})(request, response);
      }
    });
    const { port } = closing(await listen(server));
    const middle = createServer((socket) => {
      client = socket;
      const upstream = connect(port, "127.0.0.1");
      upstream.on("error", () => undefined);
      upstream.on("data", (data) => socket.write(data));
      socket.on("data", (data) => upstream.write(data));
      socket.on("close", () => upstream.destroy());
    });
    const { port: edge } = closing(await listen(middle));
    const { transport } = closing(
      createTransport({ aiemUrl: `https://127.0.0.1:${edge}` }, { ...options, verifySsl: false }),
    );
    const service = createClient(ProcessService, transport);
    for (let i = 0; i < before; i++) {
      await service.getProcess({ name: PROCESS });
    }
    const record = new CallRecord();
    const error: unknown = await runInCall(record, () =>
      service.sendSignal({ name: PROCESS, signal: 15 }),
    ).catch((reason: unknown) => reason);
    expect(error).toMatchObject(
      failure("Unavailable", /^connection lost: https:\S+ failed \(ERR_SSL_\w+\)$/),
    );
    expect(mayHaveHadEffect(failureOf(error, record))).toBe(true);
    expect(calls).toBe(before + 1);
  },
);
