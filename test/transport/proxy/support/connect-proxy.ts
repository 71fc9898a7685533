import { createServer, type IncomingHttpHeaders, type RequestListener } from "node:http";
import { createServer as createHttpsServer } from "node:https";
import { connect } from "node:net";
import type { TlsOptions } from "node:tls";
import { closing } from "../../support/cleanup.js";
import { listen } from "../../support/listen.js";

/** A proxy that connects every name to one port of this machine. */
export async function startProxy(
  target: number,
  { status = 200, tls }: { status?: number; tls?: TlsOptions } = {},
) {
  const seen: { readonly target: string | undefined; readonly headers: IncomingHttpHeaders }[] = [];
  const refuse: RequestListener = (_, response) => response.writeHead(400).end();
  const server = tls ? createHttpsServer(tls, refuse) : createServer(refuse);
  server.on("connect", ({ url, headers }, socket, head) => {
    seen.push({ target: url, headers });
    socket.on("error", () => undefined);
    if (status !== 200) {
      socket.end(`HTTP/1.1 ${status} No\r\ncontent-length: 0\r\n\r\n`);
      return;
    }
    const upstream = connect({ port: target, host: "127.0.0.1", noDelay: true });
    upstream.on("error", () => socket.destroy());
    upstream.on("close", () => socket.destroy());
    socket.on("close", () => upstream.destroy());
    upstream.once("connect", () => {
      socket.write("HTTP/1.1 200 Connection established\r\n\r\n");
      upstream.write(head);
      socket.pipe(upstream).pipe(socket);
    });
  });
  const { port, sockets } = closing(await listen(server));
  return { port, sockets, seen };
}
