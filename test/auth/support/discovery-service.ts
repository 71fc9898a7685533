import type { TlsOptions } from "node:tls";
import {
  type HttpService,
  type Reply,
  type SeenRequest,
  type Silence,
  startHttpService,
} from "./http-service.js";
import { granted } from "./identity-provider.js";

/** What an environment says of itself; answers for a path win over all else. */
export interface FakeEnvironment {
  readonly services?: readonly (readonly object[])[];
  readonly clients?: readonly (readonly object[])[];
  /** The name that the environment gives itself, if not its address. */
  readonly name?: string;
  readonly answer?: (request: SeenRequest) => Reply | Silence | undefined;
  readonly tls?: TlsOptions;
}

/** The entry of AIEM in the discovery service. */
export const ENGINE_MANAGER = {
  name: "services/engine-manager",
  displayName: "AI Engine Manager",
  uri: "https://aiem.example.com",
};

/** The entry of the platform's OAuth client. */
export const PLATFORM = {
  name: "clients/platform",
  displayName: "Platform",
  oauth2ClientId: "platform-client",
};

const SERVICE = "/.ai.h2o.cloud.discovery/v1/";

/**
 * An H2O environment on loopback: its discovery service under the well-known path, and its identity
 * provider.
 */
export async function startEnvironment(fake: FakeEnvironment = {}): Promise<HttpService> {
  const { services = [[ENGINE_MANAGER]], clients = [[PLATFORM]], name, answer, tls } = fake;
  const service: HttpService = await startHttpService((request) => {
    const { path, query } = request;
    const page = (key: string, pages: readonly (readonly object[])[]) => {
      const index = Number(query.get("pageToken") ?? 0);
      const isLast = index === pages.length - 1;
      return { body: { [key]: pages[index], nextPageToken: isLast ? "" : `${index + 1}` } };
    };
    const own = answer?.(request);
    if (own !== undefined) {
      return own;
    }
    switch (path) {
      case `${SERVICE}environment`:
        return {
          body: {
            environment: {
              h2oCloudEnvironment: name ?? service.url,
              issuerUrl: service.url,
              h2oCloudPlatformOauth2Scope: "openid",
              h2oCloudVersion: "MC 26.01",
            },
          },
        };
      case `${SERVICE}services`:
        return page("services", services);
      case `${SERVICE}clients`:
        return page("clients", clients);
      case "/.well-known/openid-configuration":
        return { body: { issuer: service.url, token_endpoint: `${service.url}/token` } };
      case "/token":
        return granted("access");
      default:
        return { status: 404, body: {} };
    }
  }, tls);
  return service;
}
