import { describe, expect, test } from "vitest";
import { refreshTokenProvider } from "../../../src/auth/refresh/refresh-token-provider.js";
import { useEmptyEnvironment } from "../support/environment.js";
import { granted, startIdentityProvider } from "../support/identity-provider.js";

useEmptyEnvironment();

/** An identity provider whose first answer waits until it is told. */
async function start(more: Readonly<Record<string, unknown>> = {}) {
  let answer = () => {};
  const told = new Promise<void>((resolve) => {
    answer = resolve;
  });
  const provider = await startIdentityProvider(async (_, index) => {
    if (index === 0) {
      await told;
    }
    return granted(`access-${index + 1}`, more);
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

describe("when all calls have given up", () => {
  function giveUp(token: (request: { signal: AbortSignal }) => Promise<string>) {
    const callers = [new AbortController(), new AbortController()];
    const calls = callers.map(({ signal }) => token({ signal }).catch((error: unknown) => error));
    return async () => {
      for (const [index, caller] of callers.entries()) {
        caller.abort(index);
      }
      await expect(Promise.all(calls)).resolves.toEqual([0, 1]);
    };
  }

  test("the request goes on, and its answer is for the next call", async () => {
    const { token, grants, asked, answer, sockets } = await start();
    const abort = giveUp(token);
    await asked();
    await abort();
    const next = token({ signal: new AbortController().signal });
    answer();
    await expect(next).resolves.toBe("access-1");
    await expect(token({ signal: new AbortController().signal })).resolves.toBe("access-1");
    expect(grants()).toHaveLength(1);
    await expect.poll(() => sockets.size).toBe(0);
  });

  test("a changed refresh token is not lost", async () => {
    const { token, grants, asked, answer, sockets } = await start({
      refresh_token: "refresh-1",
      expires_in: 1,
    });
    const abort = giveUp(token);
    await asked();
    await abort();
    answer();
    await expect.poll(() => sockets.size).toBe(0);
    await token({ signal: new AbortController().signal });
    expect(grants().map((grant) => grant["refresh_token"])).toEqual(["refresh-0", "refresh-1"]);
  });

  test("a failed request is not sent again, and hurts nobody", async () => {
    const { tokenEndpoint, grants, sockets } = await startIdentityProvider(() => "hang");
    const options = { tokenEndpoint, clientId: "c", refreshToken: "r", httpTimeoutMs: 100 };
    const abort = giveUp(refreshTokenProvider(options));
    await expect.poll(() => grants().length).toBe(1);
    await abort();
    await expect.poll(() => sockets.size).toBe(0);
    // Longer than the pause before another attempt may be.
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(grants()).toHaveLength(1);
  });
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
