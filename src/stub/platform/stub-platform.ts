import { requireObject } from "../../rules/check-options.js";
import { optional, requireBoolean, requireUnshownText, wholeNumber } from "../../rules/values.js";
import { checkStubOptions, type RulesOf } from "../check-options.js";
import { randomToken, type Users } from "../service/access.js";

/** What a stub server's identity provider gives, and to whom. */
export interface StubPlatformOptions {
  /**
   * The OAuth client that refresh tokens were given to, which the discovery service names.
   *
   * @default "platform-client"
   */
  readonly clientId?: string;
  /**
   * Who may log in: subjects by their refresh tokens, at least one. Of several, none is a whole number,
   * since JavaScript would list that first.
   *
   * @default one random token, of the first user
   */
  readonly refreshTokens?: Readonly<Record<string, string>>;
  /**
   * How long an access token is taken, in seconds.
   *
   * @default 300
   */
  readonly accessTokenSeconds?: number;
  /**
   * Whether each grant changes the refresh token: the answer has the next one, and the one that was
   * used is refused from then on.
   *
   * @default false
   */
  readonly rotateRefreshTokens?: boolean;
}

/**
 * The identity provider and the discovery service of a stub server: what an H2O environment has
 * around AIEM, at the server's own address.
 */
export interface StubPlatform {
  /** The OpenID Connect issuer, whose metadata name the token endpoint. */
  readonly issuerUrl: string;
  /** The OAuth client of the refresh tokens. */
  readonly clientId: string;
  /** The first refresh token that is listed; where grants change it, the one that is good now. */
  readonly refreshToken: string;
  /** How many access tokens were given. */
  readonly grants: number;
  /**
   * Ends the access tokens that were given, as if their time was over: a call with one is
   * Unauthenticated. Refresh tokens stay good. A stream that is open goes on.
   */
  expireAccessTokens(): void;
  /** Refuses all refresh tokens from now on (`invalid_grant`), as after a logout. */
  revokeRefreshTokens(): void;
}

const PLATFORM_RULES: RulesOf<StubPlatformOptions> = {
  clientId: optional(requireUnshownText),
  refreshTokens: optional(requireRefreshTokens),
  accessTokenSeconds: optional(wholeNumber(1)),
  rotateRefreshTokens: optional(requireBoolean),
};

/**
 * @throws TypeError that names the option. Tokens are not shown.
 *
 * @internal
 */
export function requirePlatform(name: string, platform: unknown): void {
  checkStubOptions<StubPlatformOptions>("startStubServer", platform, PLATFORM_RULES, name);
}

function requireRefreshTokens(name: string, tokens: unknown): void {
  requireObject(name, tokens);
  const entries = Object.entries(tokens);
  if (entries.length === 0) {
    throw new TypeError(`${name}: name at least one, or leave it out for a random token`);
  }
  if (entries.some(([token, subject]) => token === "" || typeof subject !== "string")) {
    throw new TypeError(`${name}: must be subjects by tokens that are not empty`);
  }
  if (entries.length > 1 && entries.some(([token]) => /^\d+$/.test(token))) {
    throw new TypeError(`${name}: a token among several must not be a whole number`);
  }
}

/**
 * Access tokens that were given and have not expired.
 *
 * @internal
 */
export class AccessTokens implements Users {
  readonly #issued = new Map<string, { readonly subject: string; readonly endsAt: number }>();

  /** A new token of a subject. */
  issue(subject: string, seconds: number): string {
    this.#forgetExpired();
    const token = randomToken();
    this.#issued.set(token, { subject, endsAt: Date.now() + seconds * 1000 });
    return token;
  }

  get(token: string): string | undefined {
    const issued = this.#issued.get(token);
    return issued !== undefined && Date.now() < issued.endsAt ? issued.subject : undefined;
  }

  clear(): void {
    this.#issued.clear();
  }

  #forgetExpired(): void {
    const now = Date.now();
    for (const [token, { endsAt }] of this.#issued) {
      if (endsAt <= now) {
        this.#issued.delete(token);
      }
    }
  }
}

/** What an answer of the token endpoint gives (RFC 6749, section 5.1). */
export interface Grant {
  readonly accessToken: string;
  readonly seconds: number;
  /** The refresh token to use from now on; undefined where it stays. */
  readonly refreshToken: string | undefined;
}

/**
 * The sessions of a platform: who has logged in, and what was given to them.
 *
 * @internal
 */
export class Sessions {
  readonly clientId: string;
  /** How many access tokens were given. */
  grants = 0;
  readonly #subjects: Map<string, string>;
  readonly #accessTokens: AccessTokens;
  readonly #seconds: number;
  readonly #rotates: boolean;
  #first: string;

  constructor(options: StubPlatformOptions, defaultSubject: string, accessTokens: AccessTokens) {
    const { refreshTokens = { [randomToken()]: defaultSubject } } = options;
    this.clientId = options.clientId ?? "platform-client";
    this.#subjects = new Map(Object.entries(refreshTokens));
    this.#first = Object.keys(refreshTokens)[0] ?? "";
    this.#accessTokens = accessTokens;
    this.#seconds = options.accessTokenSeconds ?? 300;
    this.#rotates = options.rotateRefreshTokens ?? false;
  }

  /** The first refresh token, as it is now. */
  get refreshToken(): string {
    return this.#first;
  }

  /** Gives an access token for a refresh token; undefined where that is not good. */
  refresh(refreshToken: string): Grant | undefined {
    const subject = this.#subjects.get(refreshToken);
    if (subject === undefined) {
      return undefined;
    }
    this.grants += 1;
    return {
      accessToken: this.#accessTokens.issue(subject, this.#seconds),
      seconds: this.#seconds,
      refreshToken: this.#rotates ? this.#rotate(refreshToken, subject) : undefined,
    };
  }

  expireAccessTokens(): void {
    this.#accessTokens.clear();
  }

  revokeRefreshTokens(): void {
    this.#subjects.clear();
  }

  #rotate(used: string, subject: string): string {
    const next = randomToken();
    this.#subjects.delete(used);
    this.#subjects.set(next, subject);
    if (used === this.#first) {
      this.#first = next;
    }
    return next;
  }
}
