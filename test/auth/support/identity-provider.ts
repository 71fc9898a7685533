import type { TlsOptions } from "node:tls";
import { type HttpService, type Respond, startHttpService } from "./http-service.js";

export interface IdentityProvider extends HttpService {
  readonly tokenEndpoint: string;
  /** What the token endpoint was asked, in the order in which it was. */
  grants(): readonly Readonly<Record<string, string>>[];
}

/** The answer of a token endpoint that gives `token`. */
export function granted(token: string, more: Readonly<Record<string, unknown>> = {}) {
  return { body: { access_token: token, token_type: "Bearer", expires_in: 3600, ...more } };
}

/**
 * An OpenID Connect issuer with a token endpoint at `/token`.
 *
 * @param respond answers for the token endpoint; its index counts grants only.
 */
export async function startIdentityProvider(
  respond: Respond = (_, index) => granted(`access-${index + 1}`),
  tls?: TlsOptions,
): Promise<IdentityProvider> {
  const grants: Readonly<Record<string, string>>[] = [];
  const service: HttpService = await startHttpService((request) => {
    switch (request.path) {
      case "/token":
        return respond(request, grants.push(request.form) - 1);
      case "/.well-known/openid-configuration":
        return { body: { issuer: service.url, token_endpoint: `${service.url}/token` } };
      default:
        return { status: 404, body: {} };
    }
  }, tls);
  return { ...service, tokenEndpoint: `${service.url}/token`, grants: () => grants };
}
