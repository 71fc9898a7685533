import { isIPv4 } from "node:net";

/** Whether an IP address is one of this machine's own, which nobody else reaches. */
export function isLoopbackAddress(address: string): boolean {
  return address === "::1" || (isIPv4(address) && address.startsWith("127."));
}

/** Whether only programs of this machine reach what listens on an address, or by a name. */
export function isLoopbackHost(host: string): boolean {
  return host === "localhost" || isLoopbackAddress(host);
}
