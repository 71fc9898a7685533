import { createServer } from "node:http";
import { brotliCompressSync, deflateSync, gzipSync } from "node:zlib";
import { expect, test } from "vitest";
import { refreshTokenProvider } from "../../../src/auth/refresh/refresh-token-provider.js";
import { closing } from "../../transport/support/cleanup.js";
import { failure } from "../../transport/support/failure.js";
import { listen } from "../../transport/support/listen.js";
import { useEmptyEnvironment } from "../support/environment.js";

useEmptyEnvironment();
const { signal } = new AbortController();
const TOKEN = JSON.stringify({ access_token: "access-1", token_type: "Bearer", expires_in: 60 });

/** A token provider whose endpoint answers with bytes in a content coding. */
async function providerOf(coding: string, body: Uint8Array) {
  const asked: unknown[] = [];
  const server = createServer((request, response) => {
    asked.push(request.headers["accept-encoding"]);
    request.resume();
    response.writeHead(200, { "content-type": "application/json", "content-encoding": coding });
    response.end(body);
  });
  const { port } = closing(await listen(server));
  const tokenEndpoint = `http://127.0.0.1:${port}/token`;
  const provider = refreshTokenProvider({ tokenEndpoint, clientId: "c", refreshToken: "refresh" });
  return { provider, asked };
}

test.each([
  ["gzip", gzipSync],
  ["deflate", deflateSync],
  ["br", brotliCompressSync],
  ["identity", (body: Uint8Array) => body],
])(
  "an identity provider's answer in %s, which was not asked for, is read",
  async (coding, encode) => {
    const { provider, asked } = await providerOf(coding, encode(Buffer.from(`\ufeff${TOKEN}`)));
    await expect(provider({ signal })).resolves.toBe("access-1");
    expect(asked).toEqual(["identity"]);
  },
);

test.each([
  ["gzip", TOKEN, "Internal", /content encoding is "gzip", and it is none \(Z_DATA_ERROR\)/],
  ["br", TOKEN, "Internal", /content encoding is "br", and it is none \(/],
  ["zstd", TOKEN, "Internal", /content encoding is "zstd", which is not known here/],
  ["gzip", gzipSync(TOKEN).subarray(0, -9), "Unavailable", /premature end of its answer$/],
  ["gzip", gzipSync(Buffer.alloc(50_000_000)), "Internal", /answered with more than \d+ bytes$/],
] as const)("one in %s that cannot be read says why (%#)", async (coding, body, code, message) => {
  const { provider } = await providerOf(coding, Buffer.from(body));
  await expect(provider({ signal })).rejects.toMatchObject(failure(code, message));
});
