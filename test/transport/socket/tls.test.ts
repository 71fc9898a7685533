import type { TlsOptions } from "node:tls";
import { createClient } from "@connectrpc/connect";
import { beforeAll, describe, expect, test } from "vitest";
import { ProcessService } from "../../../gen/ai/h2o/engine/sandbox/v1/process_service_pb.js";
import type { TransportOptions } from "../../../src/transport/connection-config.js";
import { makeTestCertificates, type TestCertificates } from "../../support/certificates.js";
import { createTransport } from "../../support/create-transport.js";
import { pemFiles, selfSigned } from "../support/certificates.js";
import { closing } from "../support/cleanup.js";
import { failure } from "../support/failure.js";
import { PROCESS } from "../support/process-name.js";
import { startProcessServer } from "../support/process-server.js";
import { PROTOCOLS } from "../support/protocols.js";

const file = pemFiles();
let certificates: TestCertificates;
let caFile: string;
beforeAll(async () => {
  certificates = await makeTestCertificates();
  caFile = file("ca.pem", certificates.authority.cert);
});

describe.each(PROTOCOLS)("$protocol over HTTP/$httpVersion", (protocol) => {
  async function open(tls: TlsOptions, options: TransportOptions, host = "127.0.0.1") {
    const server = closing(
      await startProcessServer({
        http1: protocol.httpVersion === "1.1",
        service: { getProcess: () => ({ process: { name: PROCESS } }) },
        tls,
      }),
    );
    const aiemUrl = `https://${host}:${server.port}`;
    const { transport, sent } = closing(createTransport({ aiemUrl }, { ...protocol, ...options }));
    return { client: createClient(ProcessService, transport), sent };
  }

  async function call(...args: Parameters<typeof open>) {
    const { client } = await open(...args);
    return await client.getProcess({ name: PROCESS });
  }

  test("a certificate of the authority in sslCaCert is trusted, by address and by name", async () => {
    const tls = certificates.server;
    await expect(call(tls, { sslCaCert: caFile })).resolves.toBeDefined();
    await expect(call(tls, { sslCaCert: caFile }, "localhost")).resolves.toBeDefined();
  });

  test("one of an unknown authority is not, and the error says what to do", async () => {
    const tls = certificates.server;
    const other = file("other.pem", (await selfSigned({})).cert);
    for (const options of [{}, { sslCaCert: other }]) {
      const { client, sent } = await open(tls, options);
      await expect(client.getProcess({ name: PROCESS })).rejects.toMatchObject(
        failure(
          "Unavailable",
          /^cannot connect to https:.* not signed by a trusted authority \(\w+\).* sslCaCert.* verifySsl: false$/,
        ),
      );
      expect(sent[0]?.failure?.kind).toBe("local");
    }
  });

  test("with verifySsl false any certificate will do", async () => {
    await expect(call(certificates.server, { verifySsl: false })).resolves.toBeDefined();
  });

  test("an expired certificate is refused", async () => {
    const tls = await selfSigned({ notBefore: new Date(2020, 1), notAfter: new Date(2021, 1) });
    const sslCaCert = file("expired.pem", tls.cert);
    await expect(call(tls, { sslCaCert })).rejects.toMatchObject(
      failure("Unavailable", /^cannot connect .* has expired; it must be renewed$/),
    );
  });

  test("a certificate for another name is refused", async () => {
    const tls = await selfSigned({ name: "other.example.com" });
    const sslCaCert = file("name.pem", tls.cert);
    await expect(call(tls, { sslCaCert })).rejects.toMatchObject(
      failure("Unavailable", /is for another name: DNS:other\.example\.com; check aiemUrl$/),
    );
  });

  test("a client certificate is shown to a server that asks for it", async () => {
    const { authority, server, client } = certificates;
    const tls = { ...server, ca: authority.cert, requestCert: true, rejectUnauthorized: true };
    const sslClientCert = file("client.pem", client.cert);
    const sslClientKey = file("client.key", client.key);
    const both = file("both.pem", `${client.cert}\n${client.key}`);
    await expect(
      call(tls, { sslCaCert: caFile, sslClientCert, sslClientKey }),
    ).resolves.toBeDefined();
    await expect(call(tls, { sslCaCert: caFile, sslClientCert: both })).resolves.toBeDefined();
    await expect(call(tls, { sslCaCert: caFile })).rejects.toMatchObject(
      failure("Unavailable", /client certificate: see sslClientCert and sslClientKey$/),
    );
  });

  test.each(["sslCaCert", "sslClientCert", "sslClientKey"] as const)(
    "a file of %s that cannot be used fails the call, and the error names both",
    async (option) => {
      const { client, server } = certificates;
      const good = {
        sslClientCert: file("c.pem", client.cert),
        sslClientKey: file("c.key", client.key),
      };
      await expect(call(server, { ...good, [option]: "/no/such.pem" })).rejects.toMatchObject(
        failure("FailedPrecondition", new RegExp(`^${option} /no/such.pem cannot be read: ENOENT`)),
      );
      const empty = file("empty.pem", "nothing");
      await expect(call(server, { ...good, [option]: empty })).rejects.toMatchObject(
        failure("FailedPrecondition", new RegExp(`^${option} ${empty} holds no PEM`)),
      );
    },
  );

  test("a key that does not belong to the certificate fails the call", async () => {
    const { client, server } = certificates;
    const sslClientCert = file("c.pem", client.cert);
    const sslClientKey = file("s.key", server.key);
    await expect(call(server, { sslClientCert, sslClientKey })).rejects.toMatchObject(
      failure("FailedPrecondition", /^sslClientCert .*c\.pem cannot be used: .*mismatch/),
    );
  });
});

test("a TLS server without HTTP/2 says what to use", async () => {
  const server = closing(
    await startProcessServer({ http1: true, service: {}, tls: certificates.server }),
  );
  const options = { protocol: "grpc", sslCaCert: caFile } as const;
  const { transport } = closing(createTransport({ aiemUrl: server.url }, options));
  const call = createClient(ProcessService, transport).getProcess({ name: PROCESS });
  await expect(call).rejects.toMatchObject(
    failure(
      "Unavailable",
      /\(ALPN\), which is needed; for AIEM's public REST surface use protocol: "rest"/,
    ),
  );
});
