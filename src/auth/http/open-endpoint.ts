import type { Socket } from "node:net";
import { parseAiemUrl } from "../../transport/aiem-url.js";
import { openSocket } from "../../transport/socket/open-socket.js";
import { readTlsFiles } from "../../transport/socket/tls-files.js";
import type { AuthHttpOptions } from "./auth-http-options.js";

/**
 * Opens a connection for one request.
 *
 * @throws ConnectError FailedPrecondition if the file of `sslCaCert` cannot be used; the error of
 *   Node.js as it is for everything else; the signal's reason.
 */
export async function openEndpoint(
  { origin }: URL,
  { verifySsl = true, sslCaCert }: AuthHttpOptions,
  signal: AbortSignal,
): Promise<Socket> {
  const address = parseAiemUrl(origin);
  const secureContext = address.secure ? await readTlsFiles({ sslCaCert }, signal) : undefined;
  return await openSocket(address, { secureContext, verifySsl, alpn: "http/1.1", signal });
}
