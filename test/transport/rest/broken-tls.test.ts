import { createServer as createHttpsServer } from "node:https";
import { connect, createServer, type Socket } from "node:net";
import { expect, test } from "vitest";
import { selfSigned } from "../support/certificates.js";
import { closing } from "../support/cleanup.js";
import { failure } from "../support/failure.js";
import { listen } from "../support/listen.js";
import { PROCESS } from "../support/process-name.js";
import { answering, restClient } from "./support/http-edge.js";

// A record of application data that no key has made.
const FORGED = Buffer.from([0x17, 0x03, 0x03, 0x00, 0x20, ...Array(32).fill(0)]);

test.each([
  ["first", 0],
  ["second", 1],
])(
  "TLS that breaks under the %s call of a connection may have had its effect: %i",
  async (_, before) => {
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
    const { client: service, sent } = restClient(`https://127.0.0.1:${edge}`, {
      verifySsl: false,
    });
    for (let i = 0; i < before; i++) {
      await service.getProcess({ name: PROCESS });
    }
    await expect(service.sendSignal({ name: PROCESS, signal: 15 })).rejects.toMatchObject(
      failure("Unavailable", /^connection lost: https:\S+ failed \(ERR_SSL_\w+\)$/),
    );
    expect(sent.at(-1)?.failure?.kind).toBe("lost");
    expect(calls).toBe(before + 1);
  },
);
