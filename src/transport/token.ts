import { Code, ConnectError } from "@connectrpc/connect";
import { debug } from "../diagnostics/debug-log.js";
import { type Failure, failed, type Outcome } from "../errors/outcome.js";
import { VERSION } from "../model/version.js";
import type { TokenProvider } from "./connection-config.js";
import { ownFailure } from "./foreign-failure.js";
import type { PlaintextGuard } from "./plaintext-guard.js";
import type { PrepareHeaders, RequestHeaders } from "./request-headers.js";
import type { Attempt, ClientWire } from "./wire.js";

const USER_AGENT = `aiem-process-client/${VERSION} node/${process.versions.node}`;

/** The failure of an attempt for which there is no other token than the one that was refused. */
export const SAME_TOKEN: Failure = {
  kind: "local",
  code: Code.Unauthenticated,
  message: "the token provider gave a refused token again",
};

/** What the headers of a client are made of. */
export interface HeaderOptions {
  readonly tokenProvider: TokenProvider | undefined;
  /** Is told of the connections, too. */
  readonly guard: PlaintextGuard;
}

/**
 * Says who the client is and adds the token, unless the call has an `authorization` header of its
 * own. No token, whoever added it, goes where others can read it on its way.
 */
export function prepareHeaders(options: HeaderOptions): PrepareHeaders {
  const { tokenProvider, guard } = options;
  const source = typeof tokenProvider === "string" ? checked(tokenProvider) : tokenProvider;

  let last: string | undefined;
  return (attempt) => {
    const { headers } = attempt.hints;
    const caller = headers === undefined ? undefined : new Headers(headers);
    const hasOwn = caller?.has("authorization") ?? false;
    const refusal = hasOwn || tokenProvider !== undefined ? guard.admitToken() : undefined;
    if (refusal) {
      return failed(refusal);
    }
    const { evidence } = attempt;
    if (hasOwn || source === undefined) {
      evidence.credentials = caller?.get("authorization") ?? undefined;
      return prepared(caller, undefined);
    }
    if (typeof source !== "function") {
      evidence.credentials = source.ok ? source.value : undefined;
      return source.ok ? prepared(caller, source.value) : source;
    }
    return ask(source, attempt, (token) => {
      if (!token.ok) {
        return token;
      }
      if (token.value === attempt.hints.rejectedToken) {
        return failed(SAME_TOKEN);
      }
      if (token.value !== last) {
        const which = last === undefined ? "a first" : "another";
        last = token.value;
        debug(() => `the token provider gave ${which} token${why(attempt)}`);
      }
      evidence.token = token.value;
      evidence.credentials = token.value;
      return prepared(caller, token.value);
    });
  };
}

function prepared(caller: Headers | undefined, token: string | undefined): Outcome<RequestHeaders> {
  const authorization = token === undefined ? undefined : `Bearer ${token}`;
  return { ok: true, value: { caller, authorization, userAgent: USER_AGENT } };
}

function why({ hints }: Attempt): string {
  return hints.rejectedToken === undefined ? "" : ", after the server had refused the last one";
}

type Prepared = Outcome<RequestHeaders>;

function ask(
  provider: Exclude<TokenProvider, string>,
  { hints, limit }: Attempt,
  use: (token: Outcome<string>) => Prepared,
): Prepared | Promise<Prepared> {
  const request = {
    rejectedToken: hints.rejectedToken,
    // Made at the first use: most providers need none.
    get signal() {
      return limit.signal;
    },
  };
  try {
    const token = provider(request);
    return isThenable(token)
      ? Promise.resolve(token).then(
          (value) => use(checked(value)),
          (error) => failed(providerFailed(error)),
        )
      : use(checked(token));
  } catch (error) {
    return failed(providerFailed(error));
  }
}

function isThenable(value: unknown): value is PromiseLike<string> {
  return (
    typeof value === "object" &&
    value !== null &&
    "then" in value &&
    typeof value.then === "function"
  );
}

function checked(token: unknown): Outcome<string> {
  // Visible ASCII: more would be changed or refused on its way as a header.
  if (typeof token === "string" && /^[\x21-\x7e]+$/.test(token)) {
    return { ok: true, value: token };
  }
  return failed({ kind: "local", code: Code.InvalidArgument, message: whatIsWrong(token) });
}

// The token itself is not shown.
function whatIsWrong(token: unknown): string {
  if (typeof token !== "string") {
    const kind = token === null ? "null" : typeof token;
    return `tokenProvider must give the token as a string, but gave ${kind}`;
  }
  if (token === "") {
    return "the token is empty";
  }
  return /^\s*bearer\s/i.test(token)
    ? 'the token begins with "Bearer", which the client adds: give the token alone'
    : "the token holds characters that cannot be in a header, such as spaces or line breaks";
}

function providerFailed(error: unknown): Failure {
  if (error instanceof ConnectError) {
    return ownFailure(error);
  }
  const reason = error instanceof Error ? `: ${error.message}` : "";
  const message = `the token provider failed${reason}`;
  return { kind: "local", code: Code.Unauthenticated, message, cause: error };
}

/** Tells of a client without a token provider, whose call the server refuses, what it lacks. */
export function hintingAtTokens(wire: ClientWire): ClientWire {
  return {
    unary: async (method, input, attempt) =>
      withTokenHint(await wire.unary(method, input, attempt), attempt),
    output(request, attempt) {
      const source = wire.output(request, attempt);
      return {
        take: () => source.take(),
        wait: async () => withTokenHint(await source.wait(), attempt),
        close: () => source.close(),
      };
    },
    close: () => wire.close(),
    doubt: () => wire.doubt?.(),
  };
}

function withTokenHint<T>(outcome: Outcome<T>, { hints }: Attempt): Outcome<T> {
  if (
    outcome.ok ||
    outcome.failure.kind !== "status" ||
    outcome.failure.code !== Code.Unauthenticated ||
    new Headers(hints.headers).has("authorization")
  ) {
    return outcome;
  }
  const message = `${outcome.failure.message}; this client sends no token: give it a tokenProvider`;
  return failed({ ...outcome.failure, message });
}
