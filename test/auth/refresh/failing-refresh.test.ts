import { createServer } from "node:net";
import { describe, expect, test } from "vitest";
import { refreshTokenProvider } from "../../../src/auth/refresh/refresh-token-provider.js";
import { closing } from "../../transport/support/cleanup.js";
import { failure } from "../../transport/support/failure.js";
import { listen } from "../../transport/support/listen.js";
import { useEmptyEnvironment } from "../support/environment.js";
import type { Reply, Silence } from "../support/http-service.js";
import { granted, startIdentityProvider } from "../support/identity-provider.js";

useEmptyEnvironment();

const { signal } = new AbortController();
const client = { clientId: "c", refreshToken: "r", httpTimeoutMs: 2_000 };

async function answering(...replies: readonly (Reply | Silence)[]) {
  const provider = await startIdentityProvider((_, index) => replies[index] ?? granted("access"));
  return {
    ...provider,
    token: refreshTokenProvider({ tokenEndpoint: provider.tokenEndpoint, ...client }),
  };
}

describe("a failure that may pass", () => {
  test.each<[string, Reply | Silence]>([
    ["HTTP 500", { status: 500, body: "oops" }],
    ["HTTP 503", { status: 503, body: {} }],
    ["HTTP 429", { status: 429, headers: { "retry-after": "0" } }],
    ["HTTP 408", { status: 408 }],
    ["a connection that breaks", "reset"],
    ["silence", "hang"],
  ])("is met with another attempt after %s", async (_title, reply) => {
    const { token, grants } = await answering(reply);
    await expect(token({ signal })).resolves.toBe("access");
    expect(grants()).toHaveLength(2);
    expect(grants()[1]).toEqual(grants()[0]);
  });

  test("is told after three attempts", async () => {
    const { token, grants } = await answering(...Array(3).fill({ status: 500 }));
    await expect(token({ signal })).rejects.toMatchObject(
      failure("Unavailable", /^the token endpoint http:.*\/token answered HTTP 500$/),
    );
    expect(grants()).toHaveLength(3);
  });

  test("is told at once if the endpoint asks for more patience than there is", async () => {
    const { token, grants } = await answering({ status: 503, headers: { "retry-after": "60" } });
    await expect(token({ signal })).rejects.toMatchObject(
      failure("Unavailable", /answered HTTP 503$/),
    );
    expect(grants()).toHaveLength(1);
  });

  test("names the limit of time when nothing answered within it", async () => {
    const { tokenEndpoint } = await startIdentityProvider(() => "hang");
    const token = refreshTokenProvider({ tokenEndpoint, ...client, httpTimeoutMs: 300 });
    await expect(token({ signal })).rejects.toMatchObject(
      failure("Unavailable", /did not answer within 300 ms$/),
    );
  });

  test("names the address where nobody listens, with the cause", async () => {
    const { port, close } = await listen(createServer());
    await close();
    const tokenEndpoint = `http://127.0.0.1:${port}/token`;
    const token = refreshTokenProvider({ tokenEndpoint, ...client });
    await expect(token({ signal })).rejects.toMatchObject({
      ...failure("Unavailable", /^cannot reach the token endpoint http:.*ECONNREFUSED/),
      cause: { code: "ECONNREFUSED" },
    });
  });

  test.each([
    ["says something else than HTTP", "SSH-2.0-server\r\n"],
    [
      "changes the protocol unasked",
      "HTTP/1.1 101 Switching\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n",
    ],
  ])("is a server that accepts connections and %s", async (_, answer) => {
    const server = createServer((socket) => {
      socket.on("error", () => undefined);
      socket.once("data", () => socket.end(answer));
    });
    const { port } = closing(await listen(server));
    const tokenEndpoint = `http://127.0.0.1:${port}/token`;
    const token = refreshTokenProvider({ tokenEndpoint, ...client });
    await expect(token({ signal })).rejects.toMatchObject(
      failure("Unavailable", /^cannot reach the token endpoint http:/),
    );
  });
});

test("a refusal that is not read to its end leaves no connection open", async () => {
  const server = createServer((socket) => {
    socket.on("error", () => undefined);
    socket.resume();
    socket.write("HTTP/1.1 503 Later\r\nRetry-After: 60\r\nContent-Length: 10\r\n\r\nno");
  });
  const { port, sockets } = closing(await listen(server));
  const token = refreshTokenProvider({ tokenEndpoint: `http://127.0.0.1:${port}/`, ...client });
  await expect(token({ signal })).rejects.toMatchObject(failure("Unavailable", /HTTP 503$/));
  await expect.poll(() => sockets.size).toBe(0);
});

test("an abort ends the pause before another attempt", async () => {
  const abort = new AbortController();
  const { token, grants } = await answering({ status: 503, headers: { "retry-after": "9" } });
  const call = expect(token({ signal: abort.signal })).rejects.toBe("enough");
  await expect.poll(() => grants().length).toBe(1);
  abort.abort("enough");
  await call;
  expect(grants()).toHaveLength(1);
});
