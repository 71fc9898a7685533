import { expect, test } from "vitest";
import { refreshTokenProvider } from "../../../src/auth/refresh/refresh-token-provider.js";
import { useEmptyEnvironment } from "../support/environment.js";
import { granted, startIdentityProvider } from "../support/identity-provider.js";

useEmptyEnvironment();

/** An identity provider whose first answer waits until it is told. */
async function start() {
  let answer = () => {};
  const told = new Promise<void>((resolve) => {
    answer = resolve;
  });
  const provider = await startIdentityProvider(async (_, index) => {
    if (index === 0) {
      await told;
    }
    return granted(`access-${index + 1}`);
  });
  const token = refreshTokenProvider({
    tokenEndpoint: provider.tokenEndpoint,
    clientId: "the-client",
    refreshToken: "refresh-0",
  });
  const asked = () => expect.poll(() => provider.grants().length).toBeGreaterThan(0);
  return { ...provider, token, asked, answer };
}

test("a hundred calls at once make one request", async () => {
  const { token, grants, answer } = await start();
  const { signal } = new AbortController();
  const calls = Array.from({ length: 100 }, () => token({ signal }));
  answer();
  expect(new Set(await Promise.all(calls))).toEqual(new Set(["access-1"]));
  expect(grants()).toHaveLength(1);
});

test("a call that gives up leaves the others their token", async () => {
  const { token, grants, asked, answer } = await start();
  const reason = new Error("enough");
  const impatient = new AbortController();
  const given = expect(token({ signal: impatient.signal })).rejects.toBe(reason);
  const others = [1, 2].map(() => token({ signal: new AbortController().signal }));
  await asked();
  impatient.abort(reason);
  await given;
  answer();
  await expect(Promise.all(others)).resolves.toEqual(["access-1", "access-1"]);
  expect(grants()).toHaveLength(1);
});

test("when all calls have given up the request is cancelled, and the next call makes its own", async () => {
  const { token, grants, asked, sockets } = await start();
  const callers = [new AbortController(), new AbortController()];
  const calls = callers.map(({ signal }) => token({ signal }).catch((error: unknown) => error));
  await asked();
  expect(sockets.size).toBe(1);
  for (const [index, caller] of callers.entries()) {
    caller.abort(index);
  }
  await expect(Promise.all(calls)).resolves.toEqual([0, 1]);
  await expect.poll(() => sockets.size).toBe(0);
  await expect(token({ signal: new AbortController().signal })).resolves.toBe("access-2");
  expect(grants()).toHaveLength(2);
});

test("a call that is aborted before it begins asks for nothing", async () => {
  const { token, requests } = await start();
  await expect(token({ signal: AbortSignal.abort("no") })).rejects.toBe("no");
  expect(requests).toEqual([]);
});

test("a refusal reaches all who wait, and the next call tries again", async () => {
  const { tokenEndpoint, grants } = await startIdentityProvider((_, index) =>
    index === 0 ? { status: 400, body: { error: "invalid_grant" } } : granted("access"),
  );
  const token = refreshTokenProvider({ tokenEndpoint, clientId: "c", refreshToken: "r" });
  const { signal } = new AbortController();
  const ends = await Promise.allSettled([token({ signal }), token({ signal })]);
  expect(ends.map(({ status }) => status)).toEqual(["rejected", "rejected"]);
  await expect(token({ signal })).resolves.toBe("access");
  expect(grants()).toHaveLength(2);
});
