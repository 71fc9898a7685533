import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Transport } from "@connectrpc/connect";
import {
  createConnectTransport,
  createGrpcTransport,
  createGrpcWebTransport,
  Http2SessionManager,
} from "@connectrpc/connect-node";
import { onTestFinished } from "vitest";

import { createTransport } from "../../support/create-transport.js";

/** What of a TLS client the tests set. */
export interface ClientTls {
  readonly ca: string;
  readonly cert?: string;
  readonly key?: string;
}

/** A client's transport, and the end of its connections. */
export interface TestTransport {
  readonly transport: Transport;
  close(): void;
}

type Make = (baseUrl: string, tls?: ClientTls) => TestTransport;

/** Every protocol over every version of HTTP that it can be spoken over. */
export const PROTOCOLS: readonly (readonly [name: string, make: Make])[] = [
  ["gRPC over HTTP/2", overHttp2(createGrpcTransport)],
  ["gRPC-Web over HTTP/2", overHttp2((o) => createGrpcWebTransport({ ...o, httpVersion: "2" }))],
  ["gRPC-Web over HTTP/1.1", overHttp1(createGrpcWebTransport)],
  ["Connect over HTTP/2", overHttp2((o) => createConnectTransport({ ...o, httpVersion: "2" }))],
  ["Connect over HTTP/1.1", overHttp1(createConnectTransport)],
  [
    "Connect with JSON over HTTP/1.1",
    overHttp1((o) => createConnectTransport({ ...o, useBinaryFormat: false })),
  ],
  [
    "Connect with GET over HTTP/1.1",
    overHttp1((o) => createConnectTransport({ ...o, useHttpGet: true })),
  ],
];

/** REST with JSON, as the client speaks it: Connect has no transport for it. */
export const REST: readonly [name: string, make: Make] = ["REST over HTTP/1.1", overRest];

/** The one most used. */
export const grpc: Make = overHttp2(createGrpcTransport);

interface Http2Options {
  readonly baseUrl: string;
  readonly sessionManager: Http2SessionManager;
}

function overHttp2(create: (options: Http2Options) => Transport): Make {
  return (baseUrl, tls) => {
    const sessionManager = new Http2SessionManager(baseUrl, undefined, tls);
    return {
      transport: create({ baseUrl, sessionManager }),
      close: () => sessionManager.abort(),
    };
  };
}

interface Http1Options {
  readonly baseUrl: string;
  readonly httpVersion: "1.1";
  readonly nodeOptions: Partial<ClientTls>;
}

function overRest(aiemUrl: string, tls?: ClientTls): TestTransport {
  const authority = tls && writeAuthority(tls.ca);
  const { transport, close } = createTransport(
    { aiemUrl },
    { protocol: "rest", ...(authority && { sslCaCert: authority }) },
  );
  return { transport, close };
}

function writeAuthority(pem: string): string {
  const folder = mkdtempSync(join(tmpdir(), "aiem-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const file = join(folder, "authority.pem");
  writeFileSync(file, pem);
  return file;
}

function overHttp1(create: (options: Http1Options) => Transport): Make {
  return (baseUrl, tls) => ({
    transport: create({ baseUrl, httpVersion: "1.1", nodeOptions: tls ?? {} }),
    close: () => {},
  });
}
