import { type LookupAddress, lookup } from "node:dns";
import { connect, isIP, type Socket } from "node:net";
import { promisify } from "node:util";
import { onAbort } from "../../async/abort-listeners.js";
import { untilAborted } from "../../async/wait-for.js";
import { nodeErrorCode } from "../../errors/node-error-code.js";

/** Finds the addresses of a name, the best first. */
export type Resolve = (host: string) => Promise<readonly LookupAddress[]>;

/** What a TCP connection needs besides an address. */
export interface TcpOptions {
  /**
   * Finds the addresses of a name.
   * @default as the operating system does
   */
  readonly resolve?: Resolve | undefined;
  /** Gets each socket at once. */
  readonly onSocket?: ((socket: Socket) => void) | undefined;
  /** Gives up; the promise rejects with the signal's reason. */
  readonly signal: AbortSignal;
}

// Lets the operating system notice a peer that is gone while nothing is sent.
const KEEP_ALIVE_DELAY_MS = 30_000;
// RFC 8305, section 5. Node.js gives an attempt up by then, so that a name whose addresses are all
// slow is not reached at all; here it goes on beside the next one.
const ATTEMPT_DELAY_MS = 250;
// What says that this machine cannot reach an address of such a kind, and little about the server.
const NO_ROUTE = new Set(["ENETUNREACH", "EHOSTUNREACH", "EADDRNOTAVAIL", "EAFNOSUPPORT"]);

/**
 * Connects to whichever address of a name answers first. They are tried in turn, each a little after
 * the one before it, and all go on until one is connected.
 *
 * @throws the error of Node.js as it is: that of the first address, if there are several.
 */
export async function openTcp(
  { host, port }: { readonly host: string; readonly port: number },
  { resolve = resolveAll, onSocket, signal }: TcpOptions,
): Promise<Socket> {
  const family = isIP(host);
  // A lookup cannot be cancelled.
  const addresses =
    family === 0 ? await untilAborted(resolve(host), signal) : [{ address: host, family }];
  signal.throwIfAborted();
  const waiting = inTurn(addresses);
  return new Promise((resolve, reject) => {
    const open = new Set<Socket>();
    const errors: unknown[] = [];
    let timer: NodeJS.Timeout | undefined;
    const settle = (winner?: Socket) => {
      clearTimeout(timer);
      stopListening();
      for (const socket of open) {
        if (socket !== winner) {
          socket.destroy();
        }
      }
      open.clear();
    };
    const next = () => {
      clearTimeout(timer);
      const address = waiting.shift();
      if (address) {
        start(address);
        // An open socket keeps the program alive where that is wanted.
        timer = setTimeout(next, ATTEMPT_DELAY_MS).unref();
      } else if (open.size === 0) {
        settle();
        reject(errors.find((error) => !NO_ROUTE.has(nodeErrorCode(error) ?? "")) ?? errors[0]);
      }
    };
    const start = ({ address }: LookupAddress) => {
      const socket = connect({
        host: address,
        port,
        noDelay: true,
        keepAlive: true,
        keepAliveInitialDelay: KEEP_ALIVE_DELAY_MS,
      });
      open.add(socket);
      onSocket?.(socket);
      // Permanent: someone must listen for errors until the socket's next owner does.
      socket.on("error", (error) => {
        if (open.delete(socket)) {
          errors.push(error);
          next();
        }
      });
      socket.once("connect", () => {
        settle(socket);
        resolve(socket);
      });
    };
    const stopListening = onAbort(signal, () => {
      settle();
      reject(signal.reason);
    });
    next();
  });
}

const lookupAll = promisify(lookup);

function resolveAll(host: string): Promise<LookupAddress[]> {
  return lookupAll(host, { all: true });
}

/** The addresses with their families in turn, which begin with that of the first one. */
function inTurn(addresses: readonly LookupAddress[]): LookupAddress[] {
  const first = addresses.filter(({ family }) => family === addresses[0]?.family);
  const second = addresses.filter(({ family }) => family !== addresses[0]?.family);
  const all: LookupAddress[] = [];
  for (let i = 0; i < Math.max(first.length, second.length); i += 1) {
    all.push(...first.slice(i, i + 1), ...second.slice(i, i + 1));
  }
  return all;
}
