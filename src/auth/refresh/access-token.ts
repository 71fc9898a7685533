/** A token, and until when it is used. */
export interface AccessToken {
  readonly value: string;
  /** On the clock of `performance.now()`. */
  readonly expiresAt: number;
}

// Both as H2O's own token provider has them.
const EXPIRES_SOON_MS = 5_000;
const UNTOLD_LIFE_MS = 30_000;

/**
 * A token as the endpoint gave it.
 *
 * @param askedAt when it was asked for, on the clock of `performance.now()`: its life has begun at
 *   some time since.
 * @param expiresIn seconds; undefined or 0 where the endpoint does not tell.
 */
export function accessToken(
  value: string,
  askedAt: number,
  expiresIn: number | undefined,
): AccessToken {
  const lifeMs = expiresIn ? expiresIn * 1_000 : UNTOLD_LIFE_MS;
  return { value, expiresAt: askedAt + lifeMs };
}

/** Whether a token can be sent without the risk that it expires on its way. */
export function isFresh(token: AccessToken): boolean {
  return token.expiresAt - performance.now() > EXPIRES_SOON_MS;
}
