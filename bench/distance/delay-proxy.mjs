// @ts-check
// A network in between: forwards TCP connections, and delivers every piece after a fixed time.
import { connect, createServer } from "node:net";

const { host, port, delayMs } = JSON.parse(process.argv[2] ?? "");

const server = createServer((near) => {
  const far = connect({ host, port });
  forward(near, far);
  forward(far, near);
});
server.listen(0, "127.0.0.1", () => {
  const address = server.address();
  process.send?.({ port: typeof address === "object" ? address?.port : undefined });
});
process.on("disconnect", () => process.exit());

/**
 * Nothing is held back but by its delay: what is under way is bounded by HTTP/2's windows, as it is
 * in a network.
 *
 * @param {import("node:net").Socket} from
 * @param {import("node:net").Socket} to
 */
function forward(from, to) {
  from.setNoDelay();
  from.on("data", (data) => setTimeout(() => to.write(data), delayMs));
  from.on("close", () => setTimeout(() => to.destroy(), delayMs));
  from.on("error", () => to.destroy());
}
