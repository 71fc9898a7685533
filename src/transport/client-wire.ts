import { createMethodUrl } from "@connectrpc/connect/protocol";
import { parseAiemUrl } from "./aiem-url.js";
import { autoWire } from "./auto.js";
import { connectHttp1Wire, connectWire } from "./connect/connect-wire.js";
import type { ConnectionConfig, TransportOptions } from "./connection-config.js";
import {
  AskedContract,
  type ContractSource,
  givenContract,
  guardedContract,
  type SettledNumbers,
} from "./contract/contract-source.js";
import { contractWire } from "./contract/contract-wire.js";
import { grpcWire } from "./grpc/grpc-wire.js";
import { askByReflection } from "./grpc/reflection.js";
import { headerTimeoutMs } from "./header-timeout.js";
import { Http2Client } from "./http2/http2-client.js";
import { SessionPool } from "./http2/pool.js";
import { intercepted } from "./intercepted.js";
import { PlaintextGuard } from "./plaintext-guard.js";
import type { ProtocolHook } from "./protocol-event.js";
import { environmentProxy } from "./proxy/environment-proxy.js";
import { restWire } from "./rest/rest-wire.js";
import { routeOf } from "./rest/route.js";
import { hintingAtTokens, prepareHeaders } from "./token.js";
import type { Attempt, ClientWire } from "./wire.js";

const CONNECT_TIMEOUT_MS = 10_000;
const STREAM_WINDOW_BYTES = 1024 * 1024;
const ALLOW_HINT = ", or if the network in between is trusted set allowPlaintextToken: true";
const READ_MAX_BYTES = 64 * 1024 * 1024;

/**
 * Makes the wire of a client. Nothing is read or connected before the first call.
 *
 * @param onProtocol is told what `protocol: "auto"` has settled on, and by which numbers gRPC is spoken.
 * @throws TypeError for an address that `checkAiemUrl` refuses; InvalidInputError where the bytes of
 *   `contract` do not describe the service.
 */
export function createClientWire(
  { aiemUrl, tokenProvider, contract }: ConnectionConfig,
  options: TransportOptions = {},
  onProtocol?: ProtocolHook,
): ClientWire {
  const {
    protocol = "auto",
    httpVersion,
    interceptors = [],
    allowPlaintextToken = false,
  } = options;
  const address = parseAiemUrl(aiemUrl);
  const guard = new PlaintextGuard(address, allowPlaintextToken, ALLOW_HINT);
  const dial = {
    address,
    guard,
    proxy: environmentProxy(address),
    verifySsl: options.verifySsl ?? true,
    sslCaCert: options.sslCaCert,
    sslClientCert: options.sslClientCert,
    sslClientKey: options.sslClientKey,
    connectTimeoutMs: options.connectTimeoutMs ?? CONNECT_TIMEOUT_MS,
  };
  const readMaxBytes = options.readMaxBytes ?? READ_MAX_BYTES;
  const prepare = prepareHeaders({ tokenProvider, guard });
  const common = { address, dial, readMaxBytes, prepare };
  function pool(): SessionPool {
    const streamWindowBytes = options.streamWindowBytes ?? STREAM_WINDOW_BYTES;
    return new SessionPool({ ...dial, streamWindowBytes, maxConnections: options.maxConnections });
  }

  function within(wire: ClientWire, timeoutHeader: TimeoutHeader, rest = false): ClientWire {
    const hinting = tokenProvider === undefined ? hintingAtTokens(wire) : wire;
    return intercepted(hinting, interceptors, (method, attempt) => ({
      requestMethod: rest ? routeOf(method).method : "POST",
      url: createMethodUrl(address.baseUrl, method),
      header: headersOf(attempt, timeoutHeader),
    }));
  }

  const given = contract === undefined ? undefined : givenContract(contract);
  function grpc(onSettled: (numbers: SettledNumbers) => void): [ClientWire, ContractSource] {
    const settings = { ...common, http2: new Http2Client(pool()) };
    const isNeeded = contract === "reflection";
    const prefersOther = protocol === "auto" && !isNeeded;
    const ask = askByReflection(settings);
    const source = given ?? new AskedContract({ ask, isNeeded, prefersOther, onSettled });
    return [within(contractWire(grpcWire(settings), source), "grpc-timeout"), source];
  }
  const rest = () => within(restWire(common), "grpc-timeout", true);
  switch (protocol) {
    case "grpc": {
      const [wire] = grpc(({ origin, reason, contract: { adapted } }) =>
        onProtocol?.({ protocol, contract: origin, adapted, reason, error: undefined }),
      );
      return wire;
    }
    case "connect": {
      const wire = httpVersion === "1.1" ? connectHttp1Wire(common) : connectWire(common, pool());
      const source = given ?? guardedContract("the numbers are asked for over gRPC only");
      return within(contractWire(wire, source), "connect-timeout-ms");
    }
    case "rest":
      return rest();
    case "auto": {
      // What is told comes with the protocol.
      const [wire, source] = grpc(() => undefined);
      return autoWire({ grpc: wire, rest: rest(), contract: source, onProtocol });
    }
  }
}

type TimeoutHeader = "grpc-timeout" | "connect-timeout-ms";

/** The headers as interceptors see them: the caller's, and the time that the server is given. */
function headersOf({ hints }: Attempt, timeoutHeader: TimeoutHeader): Headers {
  const headers = new Headers(hints.headers);
  if (hints.serverTimeoutMs !== undefined) {
    const milliseconds = headerTimeoutMs(hints.serverTimeoutMs);
    headers.set(
      timeoutHeader,
      timeoutHeader === "grpc-timeout" ? `${milliseconds}m` : `${milliseconds}`,
    );
  }
  return headers;
}
