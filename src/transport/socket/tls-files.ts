import { readFile } from "node:fs/promises";
import { createSecureContext, type SecureContext } from "node:tls";
import { Code } from "@connectrpc/connect";
import { fileLimitReason, nodeErrorCode } from "../../errors/node-error-code.js";
import { FailureThrown } from "../../errors/outcome.js";
import type { TransportOptions } from "../connection-config.js";

type TlsFile = "sslCaCert" | "sslClientCert" | "sslClientKey";

/**
 * Reads the PEM files that the options name. They are read for each connection, so that renewed
 * certificates come into use without a new client.
 *
 * @throws FailureThrown FailedPrecondition that names the option and the path.
 */
export async function readTlsFiles(
  options: Pick<TransportOptions, TlsFile>,
  signal: AbortSignal,
): Promise<SecureContext> {
  const { sslCaCert, sslClientCert, sslClientKey = sslClientCert } = options;
  const [ca, cert, key] = await Promise.all([
    readPem("sslCaCert", sslCaCert, /-----BEGIN (TRUSTED |X509 )?CERTIFICATE-----/, signal),
    readPem("sslClientCert", sslClientCert, /-----BEGIN (X509 )?CERTIFICATE-----/, signal),
    readPem("sslClientKey", sslClientKey, /-----BEGIN [A-Z ]*PRIVATE KEY-----/, signal),
  ]);
  if (ca !== undefined) {
    // By itself first, to tell which of the files is broken.
    check("sslCaCert", sslCaCert, () => createSecureContext({ ca }));
  }
  return check("sslClientCert", sslClientCert, () => createSecureContext({ ca, cert, key }));
}

async function readPem(
  option: TlsFile,
  path: string | undefined,
  pattern: RegExp,
  signal: AbortSignal,
): Promise<string | undefined> {
  if (path === undefined) {
    return undefined;
  }
  let text: string;
  try {
    text = await readFile(path, { encoding: "utf8", signal });
  } catch (error) {
    signal.throwIfAborted();
    throw unusable(option, path, "cannot be read", error);
  }
  if (!pattern.test(text)) {
    throw unusable(
      option,
      path,
      `holds no PEM ${option === "sslClientKey" ? "key" : "certificate"}`,
    );
  }
  return text;
}

function check<T>(option: TlsFile, path: string | undefined, use: () => T): T {
  try {
    return use();
  } catch (error) {
    if (path === undefined) {
      throw error;
    }
    throw unusable(option, path, "cannot be used", error);
  }
}

function unusable(option: TlsFile, path: string, what: string, cause?: unknown): FailureThrown {
  const fileLimit = fileLimitReason(nodeErrorCode(cause));
  if (fileLimit !== undefined) {
    // That passes when others are closed.
    const message = `${option} ${path} ${what}: ${fileLimit}`;
    return new FailureThrown({ kind: "refused", code: Code.Unavailable, message, cause });
  }
  const reason = cause instanceof Error ? `: ${cause.message}` : "";
  const message = `${option} ${path} ${what}${reason}`;
  return new FailureThrown({ kind: "local", code: Code.FailedPrecondition, message, cause });
}
