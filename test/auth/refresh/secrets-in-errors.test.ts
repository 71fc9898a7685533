import { createServer } from "node:net";
import { inspect } from "node:util";
import { expect, test } from "vitest";
import { refreshTokenProvider } from "../../../src/auth/refresh/refresh-token-provider.js";
import { closing } from "../../transport/support/cleanup.js";
import { listen } from "../../transport/support/listen.js";
import { useEmptyEnvironment } from "../support/environment.js";
import type { Reply, Silence } from "../support/http-service.js";
import { startIdentityProvider } from "../support/identity-provider.js";
import { expectNoSecrets } from "../support/secrets.js";

useEmptyEnvironment();

const REFRESH = "MARKER-refresh/+=token";
const SECRET = "MARKER client secret";
const ACCESS = "eyJhbGciOiJub25lIn0.MARKER.access";
const client = { clientId: "c", refreshToken: REFRESH, clientSecret: SECRET, httpTimeoutMs: 1_000 };
const { signal } = new AbortController();

test.each<[string, Reply | Silence]>([
  [
    "an OAuth error that repeats them",
    {
      status: 400,
      body: {
        error: `invalid_grant ${REFRESH}`,
        error_description: `no ${REFRESH}, no ${SECRET}, no ${ACCESS}`,
        error_uri: `https://idp/?t=${encodeURIComponent(REFRESH)}&${new URLSearchParams({ s: SECRET })}`,
      },
    },
  ],
  [
    "an OAuth error that repeats a piece",
    { status: 400, body: { error: "no", error_description: `token ${REFRESH.slice(0, 12)}...` } },
  ],
  ["a refusal of another kind", { status: 403, body: `denied: ${REFRESH} ${SECRET}` }],
  ["a server's fault", { status: 500, body: `${REFRESH} ${SECRET}` }],
  ["an answer that is no JSON", { body: `${REFRESH} ${SECRET} ${ACCESS}` }],
  ["an answer cut off", { body: `{"access_token":"${ACCESS}","refresh_token":"${REFRESH}` }],
  ["an answer without a type", { body: { access_token: ACCESS, refresh_token: REFRESH } }],
  ["another type", { body: { access_token: ACCESS, token_type: ACCESS } }],
  ["a wrong expiry", { body: { access_token: ACCESS, token_type: "Bearer", expires_in: ACCESS } }],
  ["a redirect", { status: 302, headers: { location: `https://idp/?t=${REFRESH}` } }],
  ["silence", "hang"],
  ["a broken connection", "reset"],
])("no token and no secret is in the error after %s", async (_title, reply) => {
  const { tokenEndpoint } = await startIdentityProvider(() => reply);
  const token = refreshTokenProvider({ tokenEndpoint: `${tokenEndpoint}?key=MARKER`, ...client });
  const error: unknown = await token({ signal }).catch((reason: unknown) => reason);
  expectNoSecrets(error, "MARKER", ACCESS);
});

test("what an HTTP parser stumbled over is not in the error", async () => {
  const server = createServer((socket) => {
    socket.on("error", () => undefined);
    socket.end(`{"access_token":"${ACCESS}","refresh_token":"${REFRESH}"}\r\n\r\n`);
  });
  const { port } = closing(await listen(server));
  const token = refreshTokenProvider({ tokenEndpoint: `http://127.0.0.1:${port}/`, ...client });
  const error: unknown = await token({ signal }).catch((reason: unknown) => reason);
  expectNoSecrets(error, "MARKER");
});

test("a provider shows nothing of what it keeps", async () => {
  const { tokenEndpoint } = await startIdentityProvider(() => ({
    body: { access_token: ACCESS, token_type: "Bearer", refresh_token: "MARKER-2" },
  }));
  const token = refreshTokenProvider({ tokenEndpoint, ...client });
  await token({ signal });
  const shown = inspect(token, { depth: Number.POSITIVE_INFINITY, showHidden: true });
  expect(shown).not.toContain("MARKER");
});

test.each(["clientId", "refreshToken", "clientSecret", "scope"])(
  "an option %s that is no text is refused without being shown",
  (field) => {
    for (const value of ["", ["MARKER"], { MARKER: "MARKER" }, 1]) {
      const make = () =>
        Reflect.apply(refreshTokenProvider, undefined, [
          { tokenEndpoint: "https://idp.example.com/", ...client, [field]: value },
        ]);
      let error: unknown;
      try {
        make();
      } catch (thrown) {
        error = thrown;
      }
      expect(error).toMatchObject({ name: "InvalidInputError", field });
      expectNoSecrets(error, "MARKER");
    }
  },
);

test.each([undefined, null, "MARKER", 5, ["MARKER"]])(
  "%j in the place of options is refused",
  (bad) => {
    const make = () => Reflect.apply(refreshTokenProvider, undefined, [bad]);
    expect(make).toThrow(expect.objectContaining({ name: "InvalidInputError", field: "options" }));
    expect(make).not.toThrow(/MARKER/);
  },
);
