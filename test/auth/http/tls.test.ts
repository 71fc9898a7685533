import { beforeAll, describe, expect, test } from "vitest";
import type { AuthHttpOptions } from "../../../src/auth/http/send.js";
import { refreshTokenProvider } from "../../../src/auth/refresh/refresh-token-provider.js";
import { makeTestCertificates, type TestCertificates } from "../../support/certificates.js";
import { pemFiles, selfSigned } from "../../transport/support/certificates.js";
import { failure } from "../../transport/support/failure.js";
import { useEmptyEnvironment } from "../support/environment.js";
import { startIdentityProvider } from "../support/identity-provider.js";

useEmptyEnvironment();

const file = pemFiles();
let certificates: TestCertificates;
let sslCaCert: string;

beforeAll(async () => {
  certificates = await makeTestCertificates();
  sslCaCert = file("ca.pem", certificates.authority.cert);
});

/** Asks an identity provider behind TLS, for its metadata and for a token. */
async function ask(options: AuthHttpOptions, tls = certificates.server, host = "127.0.0.1") {
  const provider = await startIdentityProvider(undefined, tls);
  const address =
    host === "127.0.0.1"
      ? { issuerUrl: provider.url }
      : { tokenEndpoint: provider.tokenEndpoint.replace("127.0.0.1", host) };
  const token = refreshTokenProvider({ ...address, clientId: "c", refreshToken: "r", ...options });
  const { signal } = new AbortController();
  return await token({ signal });
}

describe("an identity provider behind TLS", () => {
  test("is trusted by its authority's certificate, by address and by name", async () => {
    await expect(ask({ sslCaCert })).resolves.toBe("access-1");
    await expect(ask({ sslCaCert }, certificates.server, "localhost")).resolves.toBe("access-1");
  });

  test("is not trusted without, and the error says what to do", async () => {
    await expect(ask({})).rejects.toMatchObject({
      ...failure(
        "FailedPrecondition",
        /^cannot reach the issuer's metadata https:.* not signed by a trusted authority \(.*; give the authority's certificate as sslCaCert, or/,
      ),
      cause: { code: "UNABLE_TO_VERIFY_LEAF_SIGNATURE" },
    });
  });

  test("is taken as it is with verifySsl false", async () => {
    await expect(ask({ verifySsl: false })).resolves.toBe("access-1");
  });

  test("is refused under another name", async () => {
    const tls = await selfSigned({ name: "other.example.com" });
    await expect(ask({ sslCaCert: file("other.pem", tls.cert) }, tls)).rejects.toMatchObject(
      failure(
        "FailedPrecondition",
        /is for another name: DNS:other\.example\.com; check the address$/,
      ),
    );
  });

  test("is refused when its certificate has expired", async () => {
    const tls = await selfSigned({ notBefore: new Date(2020, 1), notAfter: new Date(2021, 1) });
    await expect(ask({ sslCaCert: file("old.pem", tls.cert) }, tls)).rejects.toMatchObject(
      failure("FailedPrecondition", /has expired|DEPTH_ZERO_SELF_SIGNED_CERT/),
    );
  });

  test("needs a file of certificates that can be read", async () => {
    await expect(ask({ sslCaCert: "/no/such.pem" })).rejects.toMatchObject(
      failure("FailedPrecondition", /^sslCaCert \/no\/such.pem cannot be read: ENOENT/),
    );
  });
});

test("a server without TLS there is told as that", async () => {
  const { tokenEndpoint } = await startIdentityProvider();
  const token = refreshTokenProvider({
    tokenEndpoint: tokenEndpoint.replace("http:", "https:"),
    clientId: "c",
    refreshToken: "r",
  });
  const { signal } = new AbortController();
  await expect(token({ signal })).rejects.toMatchObject(
    failure("FailedPrecondition", /: the server does not speak TLS there; use http:/),
  );
});
