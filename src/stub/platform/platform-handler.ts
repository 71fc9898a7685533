import { Buffer } from "node:buffer";
import {
  abandon,
  answerJson,
  type NodeHandler,
  type NodeRequest,
  type NodeResponse,
  requestPath,
} from "../server/node-handler.js";
import { bounded } from "../service/known-caller.js";
import type { Sessions } from "./stub-platform.js";

const DISCOVERY = "/.ai.h2o.cloud.discovery/v1";
/** The issuer's path, under which its endpoints are. */
export const ISSUER = "/auth";
const TOKEN_ENDPOINT = `${ISSUER}/token`;

interface Answer {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
}

/**
 * Answers as what an H2O environment has around AIEM: its discovery service, which names this server
 * as AIEM, and its identity provider, which gives access tokens for refresh tokens.
 *
 * Addresses in the answers are those that the caller used, so that they hold behind a port that is
 * published elsewhere; `url` where a request names none.
 */
export function createPlatformHandler(sessions: Sessions, url: () => string): NodeHandler {
  return (request, response) => {
    const path = requestPath(request);
    if (path === TOKEN_ENDPOINT && request.method === "POST") {
      readForm(request)
        .then((form) => send(response, grant(sessions, form)))
        .catch(() => abandon(request, response));
      return true;
    }
    const body = describe(path, sessions, () => calledUrl(request, url()));
    if (body === undefined || request.method !== "GET") {
      return false;
    }
    request.resume();
    send(response, { status: 200, body });
    return true;
  };
}

/** What the discovery service and the issuer say of themselves; undefined for another path. */
function describe(
  path: string,
  { clientId }: Sessions,
  url: () => string,
): Answer["body"] | undefined {
  switch (path) {
    case `${DISCOVERY}/environment`:
      return {
        environment: {
          h2oCloudEnvironment: url(),
          issuerUrl: url() + ISSUER,
          h2oCloudPlatformOauth2Scope: "openid",
          h2oCloudVersion: "stub",
        },
      };
    // Without nextPageToken: H2O's Python client takes an empty one for that of a next page.
    case `${DISCOVERY}/services`:
      return {
        services: [
          { name: "services/engine-manager", displayName: "AI Engine Manager", uri: url() },
        ],
      };
    case `${DISCOVERY}/clients`:
      return {
        clients: [{ name: "clients/platform", displayName: "Platform", oauth2ClientId: clientId }],
      };
    case `${ISSUER}/.well-known/openid-configuration`:
      return {
        issuer: url() + ISSUER,
        token_endpoint: url() + TOKEN_ENDPOINT,
        grant_types_supported: ["refresh_token"],
        token_endpoint_auth_methods_supported: ["none", "client_secret_post"],
      };
    default:
      return undefined;
  }
}

/** The scheme, host and port that a request was sent to. */
function calledUrl(request: NodeRequest, url: string): string {
  const authority = request.headers[":authority"] ?? request.headers.host;
  const called = `${new URL(url).protocol}//${String(authority)}`;
  return authority !== undefined && URL.canParse(called) ? new URL(called).origin : url;
}

/** The answer of the token endpoint (RFC 6749, sections 5 and 6). */
function grant(sessions: Sessions, form: URLSearchParams | undefined): Answer {
  const refreshToken = form?.get("refresh_token");
  if (form?.get("grant_type") !== "refresh_token") {
    return form?.has("grant_type")
      ? refused("unsupported_grant_type", "this identity provider takes refresh tokens only")
      : refused("invalid_request", "the form has no grant_type");
  }
  if (form.get("client_id") !== sessions.clientId) {
    return refused("invalid_client", "the form's client_id is not the platform's client", 401);
  }
  if (typeof refreshToken !== "string") {
    return refused("invalid_request", "the form has no refresh_token");
  }
  const given = sessions.refresh(refreshToken);
  if (given === undefined) {
    return refused("invalid_grant", "the refresh token is not known, was used or was revoked");
  }
  return {
    status: 200,
    body: {
      access_token: given.accessToken,
      token_type: "Bearer",
      expires_in: given.seconds,
      refresh_token: given.refreshToken,
    },
  };
}

function refused(error: string, description: string, status = 400): Answer {
  return { status, body: { error, error_description: description } };
}

/** Undefined where it is larger than any such form. */
async function readForm(request: NodeRequest): Promise<URLSearchParams | undefined> {
  const chunks: Uint8Array[] = [];
  try {
    for await (const chunk of bounded(request.iterator({ destroyOnReturn: false }))) {
      chunks.push(chunk);
    }
  } catch (error) {
    if (request.destroyed) {
      throw error;
    }
    request.resume();
    return undefined;
  }
  return new URLSearchParams(Buffer.concat(chunks).toString());
}

function send(response: NodeResponse, { status, body }: Answer): void {
  response.setHeader("cache-control", "no-store");
  answerJson(response, status, body);
}
