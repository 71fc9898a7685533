import type { RequestListener } from "node:http";
import { createServer as createHttpsServer } from "node:https";
import { connect, createServer, type Socket } from "node:net";
import { selfSigned } from "./certificates.js";
import { closing } from "./cleanup.js";
import { listen } from "./listen.js";

// A record of application data that no key has made.
const FORGED = Buffer.from([0x17, 0x03, 0x03, 0x00, 0x20, ...Array(32).fill(0)]);

/**
 * An HTTPS server whose TLS breaks in the middle of a request, after some that it answers.
 *
 * @param answered how many it answers before.
 */
export async function startBreakingTls(answered: number, answer: RequestListener) {
  let calls = 0;
  let client: Socket | undefined;
  const server = createHttpsServer(await selfSigned({}), (request, response) => {
    calls += 1;
    if (calls > answered) {
      client?.write(FORGED);
    } else {
      answer(request, response);
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
  return { url: `https://127.0.0.1:${edge}`, calls: () => calls };
}
