import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { generate } from "selfsigned";
import { afterAll } from "vitest";
import type { TestCertificate } from "../../support/certificates.js";

/** A certificate that is its own authority, for 127.0.0.1 unless told otherwise. */
export async function selfSigned(options: {
  readonly name?: string;
  readonly notBefore?: Date;
  readonly notAfter?: Date;
}): Promise<TestCertificate> {
  const { name, notBefore, notAfter } = options;
  const altName =
    name === undefined ? { type: 7 as const, ip: "127.0.0.1" } : { type: 2 as const, value: name };
  const { cert, private: key } = await generate([{ name: "commonName", value: "test" }], {
    algorithm: "sha256",
    curve: "P-256",
    keyType: "ec",
    ...(notBefore && { notBeforeDate: notBefore }),
    ...(notAfter && { notAfterDate: notAfter }),
    extensions: [
      { name: "basicConstraints", cA: true, critical: true },
      { name: "subjectAltName", altNames: [altName] },
    ],
  });
  return { cert, key };
}

/** A directory for the PEM files of a test file; gives the path of what is written. */
export function pemFiles(): (name: string, text: string) => string {
  const directory = mkdtempSync(join(tmpdir(), "aiem-process-client-"));
  afterAll(() => rmSync(directory, { recursive: true }));
  return (name, text) => {
    const path = join(directory, name);
    writeFileSync(path, text);
    return path;
  };
}
