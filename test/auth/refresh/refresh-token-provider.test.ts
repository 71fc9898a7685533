import { expect, test, vi } from "vitest";
import { refreshTokenProvider } from "../../../src/auth/refresh/refresh-token-provider.js";
import { useEmptyEnvironment } from "../support/environment.js";
import { granted, startIdentityProvider } from "../support/identity-provider.js";

useEmptyEnvironment();

const { signal } = new AbortController();
const client = { clientId: "the-client", refreshToken: "refresh-0" };

test("asks for nothing before the first call, and then with the form of the grant", async () => {
  const { tokenEndpoint, requests, grants } = await startIdentityProvider();
  const token = refreshTokenProvider({ tokenEndpoint, ...client });
  expect(requests).toEqual([]);
  await expect(token({ signal })).resolves.toBe("access-1");
  expect(grants()).toEqual([
    { grant_type: "refresh_token", client_id: "the-client", refresh_token: "refresh-0" },
  ]);
  expect(requests[0]).toMatchObject({
    method: "POST",
    headers: {
      "content-type": expect.stringMatching(/^application\/x-www-form-urlencoded/),
      accept: "application/json",
      "user-agent": expect.stringMatching(/^aiem-process-client\//),
    },
  });
  expect(requests[0]?.headers).not.toHaveProperty("authorization");
});

test("sends a client secret and a scope in the form, whatever characters they have", async () => {
  const { tokenEndpoint, grants } = await startIdentityProvider();
  const clientSecret = "a&b=c+d %é";
  const scope = "openid offline_access ai.h2o.cloud";
  await refreshTokenProvider({ tokenEndpoint, ...client, clientSecret, scope })({ signal });
  expect(grants()[0]).toMatchObject({ client_secret: clientSecret, scope });
});

test("keeps a token that lives on, and does not ask again for it", async () => {
  const { tokenEndpoint, grants } = await startIdentityProvider();
  const token = refreshTokenProvider({ tokenEndpoint, ...client });
  await expect(token({ signal })).resolves.toBe("access-1");
  await expect(token({ signal })).resolves.toBe("access-1");
  expect(grants()).toHaveLength(1);
});

test("gives a token that expires within five seconds to who asked for it, and then another", async () => {
  const provider = await startIdentityProvider((_, index) =>
    granted(`access-${index + 1}`, { expires_in: 5 }),
  );
  const token = refreshTokenProvider({ tokenEndpoint: provider.tokenEndpoint, ...client });
  await expect(token({ signal })).resolves.toBe("access-1");
  await expect(token({ signal })).resolves.toBe("access-2");
});

test.each([
  ["no expires_in", { expires_in: undefined }],
  ["an expires_in of 0", { expires_in: 0 }],
  ["null for what is not there", { expires_in: null, refresh_token: null, scope: null }],
])("takes a token with %s to live for 30 seconds", async (_title, more) => {
  const { tokenEndpoint } = await startIdentityProvider((_, index) =>
    granted(`access-${index + 1}`, more),
  );
  const token = refreshTokenProvider({ tokenEndpoint, ...client });
  await expect(token({ signal })).resolves.toBe("access-1");
  await expect(token({ signal })).resolves.toBe("access-1");
  const now = performance.now.bind(performance);
  const later = vi.spyOn(performance, "now").mockImplementation(() => now() + 25_000);
  try {
    await expect(token({ signal })).resolves.toBe("access-2");
  } finally {
    later.mockRestore();
  }
});

test("uses the latest refresh token that the endpoint gave", async () => {
  const rotated = ["refresh-1", undefined, "refresh-3", undefined];
  const { tokenEndpoint, grants } = await startIdentityProvider((_, index) =>
    granted(`access-${index + 1}`, { expires_in: 1, refresh_token: rotated[index] }),
  );
  const token = refreshTokenProvider({ tokenEndpoint, ...client });
  for (const _ of rotated) {
    await token({ signal });
  }
  expect(grants().map(({ refresh_token }) => refresh_token)).toEqual([
    "refresh-0",
    "refresh-1",
    "refresh-1",
    "refresh-3",
  ]);
});

test("gets another token for one that a server refused, once for all who had it", async () => {
  const { tokenEndpoint, grants } = await startIdentityProvider();
  const token = refreshTokenProvider({ tokenEndpoint, ...client });
  const rejectedToken = await token({ signal });
  await expect(token({ rejectedToken, signal })).resolves.toBe("access-2");
  await expect(token({ rejectedToken, signal })).resolves.toBe("access-2");
  await expect(token({ signal })).resolves.toBe("access-2");
  expect(grants()).toHaveLength(2);
});

test("does not give a refused token to anybody, even if no other could be had", async () => {
  const { tokenEndpoint } = await startIdentityProvider((_, index) =>
    index === 1 ? { status: 400, body: { error: "slow_down" } } : granted(`access-${index + 1}`),
  );
  const token = refreshTokenProvider({ tokenEndpoint, ...client });
  const rejectedToken = await token({ signal });
  await expect(token({ rejectedToken, signal })).rejects.toThrow(/slow_down/);
  await expect(token({ signal })).resolves.toBe("access-3");
});

test("takes no notice of an ID token, which it could not check", async () => {
  const { tokenEndpoint } = await startIdentityProvider(() =>
    granted("access", { id_token: "not.a.jwt", scope: "openid" }),
  );
  const token = refreshTokenProvider({ tokenEndpoint, ...client });
  await expect(token({ signal })).resolves.toBe("access");
});

test("keeps the query of a token endpoint", async () => {
  const { tokenEndpoint, requests } = await startIdentityProvider();
  await refreshTokenProvider({ tokenEndpoint: `${tokenEndpoint}?p=flow`, ...client })({ signal });
  expect(requests[0]?.query.get("p")).toBe("flow");
});

test("leaves no connection open", async () => {
  const { tokenEndpoint, sockets } = await startIdentityProvider();
  await refreshTokenProvider({ tokenEndpoint, ...client })({ signal });
  await expect.poll(() => sockets.size).toBe(0);
});
