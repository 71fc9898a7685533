import { createServer } from "node:http";
import { createServer as createHttp2Server } from "node:http2";
import { Code } from "@connectrpc/connect";
import { describe, expect, test } from "vitest";
import { ProcessClient, WaitTimeoutError } from "../../src/index.js";
import { closing } from "./support/cleanup.js";
import { listen } from "./support/listen.js";
import { PROCESS } from "./support/process-name.js";

/** Refuses every request, with these headers, and counts them. */
async function refusing(protocol: "grpc" | "rest", headers: Record<string, string>) {
  const seen = { requests: 0 };
  const grpc = createHttp2Server();
  grpc.on("stream", (stream) => {
    seen.requests += 1;
    const status = { "grpc-status": 14, "grpc-message": "busy" };
    stream.on("error", () => undefined);
    stream.respond({ ":status": 200, "content-type": "application/grpc", ...status, ...headers });
    stream.end();
  });
  const rest = createServer((request, response) => {
    seen.requests += 1;
    request.resume();
    response.writeHead(503, { "content-type": "text/plain", ...headers }).end("busy");
  });
  const { port } = closing(await listen(protocol === "grpc" ? grpc : rest));
  const client = new ProcessClient(
    { contract: "built-in", aiemUrl: `http://127.0.0.1:${port}` },
    { protocol },
  );
  closing({ close: async () => client.close() });
  return { client, seen };
}

describe.each(["grpc", "rest"] as const)("over %s", (protocol) => {
  test.each([
    ["retry-after", "0"],
    ["retry-after", "Wed, 31 Dec 2025 00:00:00 GMT"],
    ["retry-after", "-5"],
    ["retry-after", "1.5"],
    ["grpc-retry-pushback-ms", "0"],
  ])("a server that asks for %s: %s is not flooded with requests", async (header, value) => {
    const { client, seen } = await refusing(protocol, { [header]: value });
    await expect(client.waitProcess(PROCESS, { timeoutMs: 600 })).rejects.toBeInstanceOf(
      WaitTimeoutError,
    );
    // Six or so, by the backoff; without any pause hundreds.
    expect(seen.requests).toBeLessThan(40);
  });

  test.each([
    ["grpc-retry-pushback-ms", "-1"],
    ["grpc-retry-pushback-ms", "soon"],
    ["retry-after", "99999999999"],
  ])("a server that says %s: %s is asked once", async (header, value) => {
    const { client, seen } = await refusing(protocol, { [header]: value });
    await expect(client.getProcess(PROCESS)).rejects.toMatchObject({ code: Code.Unavailable });
    expect(seen.requests).toBe(1);
  });
});
