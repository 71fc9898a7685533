import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ClientCompatRequest } from "#suite/client_compat_pb.js";
import { HTTPVersion, Protocol } from "#suite/config_pb.js";
import { parseAiemUrl } from "../../../src/transport/aiem-url.js";
import {
  connectHttp1Parts,
  connectHttp2Parts,
} from "../../../src/transport/connect/connect-wire.js";
import { Http2Client } from "../../../src/transport/http2/http2-client.js";
import { SessionPool } from "../../../src/transport/http2/pool.js";
import { PlaintextGuard } from "../../../src/transport/plaintext-guard.js";
import { prepareHeaders } from "../../../src/transport/token.js";
import { ConnectDriver, type Driver, GrpcDriver } from "./driver.js";

// As the client has them by default.
const CONNECT_TIMEOUT_MS = 10_000;
const STREAM_WINDOW_BYTES = 1024 * 1024;
const READ_MAX_BYTES = 64 * 1024 * 1024;

/** The drivers of a run: one for each server and way to speak to it, so that connections are shared. */
export class Drivers {
  readonly #drivers = new Map<string, Driver>();
  readonly #folder = mkdtempSync(join(tmpdir(), "aiem-conformance-"));
  #files = 0;

  constructor() {
    process.once("SIGTERM", () => process.exit());
    process.once("exit", () => rmSync(this.#folder, { recursive: true, force: true }));
  }

  /** The driver for the server of a request. */
  for(request: ClientCompatRequest): Driver {
    const { host, port, protocol, httpVersion, messageReceiveLimit, clientTlsCreds } = request;
    // The port is the server's own, and so is its certificate.
    const key = [host, port, protocol, httpVersion, messageReceiveLimit, !!clientTlsCreds].join();
    const driver = this.#drivers.get(key) ?? this.#make(request);
    this.#drivers.set(key, driver);
    return driver;
  }

  #make(request: ClientCompatRequest): Driver {
    const { host, port, protocol, httpVersion, serverTlsCert, messageReceiveLimit } = request;
    const scheme = serverTlsCert.length > 0 ? "https" : "http";
    const address = parseAiemUrl(`${scheme}://${host}:${port}`);
    const guard = new PlaintextGuard(address, false);
    const dial = {
      address,
      guard,
      verifySsl: true,
      connectTimeoutMs: CONNECT_TIMEOUT_MS,
      ...this.#tlsFiles(request),
    };
    const common = {
      address,
      dial,
      readMaxBytes: messageReceiveLimit > 0 ? messageReceiveLimit : READ_MAX_BYTES,
      prepare: prepareHeaders({ tokenProvider: undefined, guard }),
    };
    const pool = () => new SessionPool({ ...dial, streamWindowBytes: STREAM_WINDOW_BYTES });
    switch (protocol) {
      case Protocol.GRPC:
        return new GrpcDriver({ ...common, http2: new Http2Client(pool()) });
      case Protocol.CONNECT:
        return new ConnectDriver(
          httpVersion === HTTPVersion.HTTP_VERSION_1
            ? connectHttp1Parts(common)
            : connectHttp2Parts(common, pool()),
        );
      default:
        throw new Error(`the client does not speak ${Protocol[protocol]}: see the suite's config`);
    }
  }

  #tlsFiles({ serverTlsCert, clientTlsCreds }: ClientCompatRequest) {
    return {
      sslCaCert: serverTlsCert.length > 0 ? this.#file(serverTlsCert) : undefined,
      sslClientCert: clientTlsCreds && this.#file(clientTlsCreds.cert),
      sslClientKey: clientTlsCreds && this.#file(clientTlsCreds.key),
    };
  }

  #file(pem: Uint8Array): string {
    this.#files += 1;
    const path = join(this.#folder, `${this.#files}.pem`);
    writeFileSync(path, pem, { mode: 0o600 });
    return path;
  }
}
