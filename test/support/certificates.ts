import { generate } from "selfsigned";

/** A certificate and its private key, in PEM. */
export interface TestCertificate {
  readonly cert: string;
  readonly key: string;
}

/** Certificates of one authority: its own, a server's for loopback, and a client's. */
export interface TestCertificates {
  readonly authority: TestCertificate;
  readonly server: TestCertificate;
  readonly client: TestCertificate;
}

/** Makes certificates for one test file. They are valid for a year from now. */
export async function makeTestCertificates(): Promise<TestCertificates> {
  const authority = await issue("test authority", [
    { name: "basicConstraints", cA: true, critical: true },
    { name: "keyUsage", keyCertSign: true, critical: true },
  ]);
  const server = await issue(
    "localhost",
    [
      { name: "basicConstraints", cA: false },
      { name: "extKeyUsage", serverAuth: true },
      {
        name: "subjectAltName",
        altNames: [
          { type: 2, value: "localhost" },
          { type: 7, ip: "127.0.0.1" },
        ],
      },
    ],
    authority,
  );
  const client = await issue(
    "test client",
    [
      { name: "basicConstraints", cA: false },
      { name: "extKeyUsage", clientAuth: true },
    ],
    authority,
  );
  return { authority, server, client };
}

type Extensions = NonNullable<NonNullable<Parameters<typeof generate>[1]>["extensions"]>;

async function issue(
  commonName: string,
  extensions: Extensions,
  ca?: TestCertificate,
): Promise<TestCertificate> {
  const { cert, private: key } = await generate([{ name: "commonName", value: commonName }], {
    algorithm: "sha256",
    curve: "P-256",
    extensions,
    keyType: "ec",
    ...(ca !== undefined && { ca }),
  });
  return { cert, key };
}
