import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ClientCompatRequest } from "#suite/client_compat_pb.js";
import { HTTPVersion, Protocol } from "#suite/config_pb.js";
import type { TransportOptions } from "../../../src/transport/connection-config.js";
import { createTransport } from "../../../src/transport/create-transport.js";
import { type Driver, TransportDriver } from "./driver.js";

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
    const { host, port, serverTlsCert, messageReceiveLimit } = request;
    const scheme = serverTlsCert.length > 0 ? "https" : "http";
    const config = { aiemUrl: `${scheme}://${host}:${port}` };
    const options: TransportOptions = {
      protocol: protocolOf(request),
      httpVersion: request.httpVersion === HTTPVersion.HTTP_VERSION_1 ? "1.1" : "2",
      ...(messageReceiveLimit > 0 && { readMaxBytes: messageReceiveLimit }),
      ...this.#tlsFiles(request),
    };
    return new TransportDriver(createTransport(config, options).transport);
  }

  #tlsFiles({ serverTlsCert, clientTlsCreds }: ClientCompatRequest): TransportOptions {
    if (serverTlsCert.length === 0) {
      return {};
    }
    const sslCaCert = this.#file(serverTlsCert);
    return clientTlsCreds
      ? {
          sslCaCert,
          sslClientCert: this.#file(clientTlsCreds.cert),
          sslClientKey: this.#file(clientTlsCreds.key),
        }
      : { sslCaCert };
  }

  #file(pem: Uint8Array): string {
    this.#files += 1;
    const path = join(this.#folder, `${this.#files}.pem`);
    writeFileSync(path, pem, { mode: 0o600 });
    return path;
  }
}

function protocolOf({ protocol }: ClientCompatRequest): "grpc" | "connect" {
  switch (protocol) {
    case Protocol.GRPC:
      return "grpc";
    case Protocol.CONNECT:
      return "connect";
    default:
      throw new Error(`the client does not speak ${Protocol[protocol]}: see the suite's config`);
  }
}
