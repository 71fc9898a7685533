import type { Socket } from "node:net";
import { parseAiemUrl } from "../../transport/aiem-url.js";
import { environmentProxy } from "../../transport/proxy/environment-proxy.js";
import { dial } from "../../transport/socket/dial.js";
import type { AuthHttpOptions } from "./auth-http-options.js";

/**
 * Opens a connection for one request, over the proxy that the environment names for it.
 *
 * @throws FailureThrown FailedPrecondition if the file of `sslCaCert` cannot be used, Unavailable if
 *   the proxy cannot; the error of Node.js as it is for everything else; the signal's reason.
 */
export async function openEndpoint(
  { origin }: URL,
  { verifySsl = true, sslCaCert }: AuthHttpOptions,
  signal: AbortSignal,
): Promise<Socket> {
  const address = parseAiemUrl(origin);
  const proxy = environmentProxy(address);
  return await dial({ address, verifySsl, sslCaCert, proxy, alpn: "http/1.1" }, signal);
}
