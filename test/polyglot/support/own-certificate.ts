import { generate } from "selfsigned";
import type { TestCertificate } from "../../support/certificates.js";

/**
 * A certificate for loopback that is its own authority. Python 3.13 refuses those of another one
 * that lack a key identifier, which the tests' own authority cannot give.
 */
export async function makeOwnCertificate(): Promise<TestCertificate> {
  const { cert, private: key } = await generate([{ name: "commonName", value: "localhost" }], {
    algorithm: "sha256",
    curve: "P-256",
    keyType: "ec",
  });
  return { cert, key };
}
