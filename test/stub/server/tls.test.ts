import { once } from "node:events";
import { connect as connectTls } from "node:tls";

import { createClient } from "@connectrpc/connect";
import { afterEach, beforeAll, describe, expect, test } from "vitest";

import { ProcessService } from "../../../src/gen.js";
import { makeTestCertificates, type TestCertificates } from "../../support/certificates.js";
import { type ClientTls, grpc, PROTOCOLS } from "./protocols.js";
import { connectRaw } from "./raw-connection.js";
import { type ScriptedServer, startScriptedServer } from "./scripted-server.js";

describe("TLS", () => {
  let certificates: TestCertificates;
  let server: ScriptedServer;

  beforeAll(async () => {
    certificates = await makeTestCertificates();
  });
  afterEach(() => server.stop());

  async function getName(connect: typeof grpc, tls: ClientTls): Promise<string | undefined> {
    const { transport, close } = connect(server.url, tls);
    try {
      const { process } = await createClient(ProcessService, transport).getProcess({
        name: "here",
      });
      return process?.name;
    } finally {
      close();
    }
  }

  async function negotiate(ALPNProtocols: string[]): Promise<string | false | null> {
    const socket = connectTls({
      ALPNProtocols,
      ca: certificates.authority.cert,
      host: "127.0.0.1",
      port: server.port,
    });
    await once(socket, "secureConnect");
    const { alpnProtocol } = socket;
    socket.destroy();
    return alpnProtocol;
  }

  test.each(PROTOCOLS)("carries %s", async (_name, connect) => {
    server = await startScriptedServer({ tls: certificates.server });
    expect(await getName(connect, { ca: certificates.authority.cert })).toBe("here");
  });

  test("offers h2 and http/1.1, and prefers h2", async () => {
    server = await startScriptedServer({ tls: certificates.server });
    expect(await negotiate(["http/1.1"])).toBe("http/1.1");
    expect(await negotiate(["h2"])).toBe("h2");
    expect(await negotiate(["http/1.1", "h2"])).toBe("h2");
  });

  test("serves HTTP/1.1 to a client without ALPN", async () => {
    server = await startScriptedServer({ tls: certificates.server });
    const socket = connectTls({
      ca: certificates.authority.cert,
      host: "127.0.0.1",
      port: server.port,
    });
    socket.write("GET /version HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    expect(String(await socket.toArray())).toMatch(/^HTTP\/1\.1 200 /);
  });

  test("takes a client whose certificate the authority signed", async () => {
    const { authority, client } = certificates;
    server = await startScriptedServer({ tls: { ...certificates.server, ca: authority.cert } });
    expect(await getName(grpc, { ca: authority.cert, ...client })).toBe("here");
  });

  test("refuses a client without a certificate, and one of another authority", async () => {
    const { authority } = certificates;
    const stranger = (await makeTestCertificates()).client;
    server = await startScriptedServer({ tls: { ...certificates.server, ca: authority.cert } });
    await expect(getName(grpc, { ca: authority.cert })).rejects.toThrow();
    await expect(getName(grpc, { ca: authority.cert, ...stranger })).rejects.toThrow();
  });

  test("closes a connection that does not finish its handshake in time", async () => {
    server = await startScriptedServer({ detectionTimeoutMs: 1_000, tls: certificates.server });
    const silent = await connectRaw(server.port);
    await silent.receivedUntilClosed();
    const cleartext = await connectRaw(server.port);
    cleartext.socket.write("GET /version HTTP/1.1\r\n\r\n");
    await cleartext.receivedUntilClosed();
    expect(await getName(grpc, { ca: certificates.authority.cert })).toBe("here");
  });

  test("stops with calls and half-open handshakes on its connections", async () => {
    server = await startScriptedServer({ tls: certificates.server });
    const silent = await connectRaw(server.port);
    const { transport, close } = grpc(server.url, { ca: certificates.authority.cert });
    const stream = createClient(ProcessService, transport).streamOutput({ name: "follow" });
    const iterator = stream[Symbol.asyncIterator]();
    await iterator.next();
    await server.stop();
    await silent.receivedUntilClosed();
    await expect(iterator.next()).rejects.toThrow();
    expect(server.following()).toBe(0);
    close();
  });
});
