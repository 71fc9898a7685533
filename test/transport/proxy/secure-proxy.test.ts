import { createServer as createHttpsServer } from "node:https";
import { createClient } from "@connectrpc/connect";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { ProcessService } from "../../../gen/ai/h2o/engine/sandbox/v1/process_service_pb.js";
import { createTransport } from "../../support/create-transport.js";
import { REST_ANSWER } from "../auto/support/edges.js";
import { pemFiles, selfSigned } from "../support/certificates.js";
import { closing } from "../support/cleanup.js";
import { failure } from "../support/failure.js";
import { listen } from "../support/listen.js";
import { PROCESS } from "../support/process-name.js";
import { startProxy } from "./support/connect-proxy.js";

const file = pemFiles();

beforeEach(() => {
  for (const variable of ["https_proxy", "no_proxy", "NO_PROXY"]) {
    vi.stubEnv(variable, undefined);
  }
});
afterEach(() => {
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
});

/** A server for https://aiem.test, and a proxy before it that is reached by TLS under `host`. */
async function start(host: string) {
  const tls = await selfSigned({ name: "aiem.test" });
  const { port } = closing(await listen(createHttpsServer(tls, REST_ANSWER)));
  const names: string[] = [];
  const proxy = await startProxy(port, {
    tls: {
      ...tls,
      SNICallback: (name, done) => {
        names.push(name);
        done(null);
      },
    },
  });
  vi.stubEnv("HTTPS_PROXY", `https://${host}:${proxy.port}`);
  const sslCaCert = file(`${host}.pem`, tls.cert);
  const { transport, sent } = closing(
    createTransport({ aiemUrl: "https://aiem.test" }, { sslCaCert, protocol: "rest" }),
  );
  return { client: createClient(ProcessService, transport), sent, names, proxy };
}

test.each([
  ["localhost", ["localhost"]],
  ["127.0.0.1", []],
])(
  "a proxy by TLS is asked for by its own name, %s, and carries TLS to the server",
  async (host, asked) => {
    const { client, names, proxy } = await start(host);
    // Stands for an authority of the proxy's that Node.js trusts, which is settled when it starts.
    vi.stubEnv("NODE_TLS_REJECT_UNAUTHORIZED", "0");
    vi.spyOn(process, "emitWarning").mockReturnValue();
    expect((await client.getProcess({ name: PROCESS })).process?.name).toBe("over REST");
    expect(names).toEqual(asked);
    expect(proxy.seen.map(({ target }) => target)).toEqual(["aiem.test:443"]);
  },
);

test("a proxy by TLS whose certificate nobody vouches for gets no request", async () => {
  const { client, sent, proxy } = await start("localhost");
  await expect(client.getProcess({ name: PROCESS })).rejects.toMatchObject(
    failure(
      "Unavailable",
      /: the proxy https:\S+, named by HTTPS_PROXY, cannot be used: DEPTH_ZERO_SELF_SIGNED_CERT; .*NODE_EXTRA_CA_CERTS/,
    ),
  );
  // It stays until somebody changes something.
  expect(sent[0]?.failure?.kind).toBe("local");
  expect(proxy.seen).toEqual([]);
});
