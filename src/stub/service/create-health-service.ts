import { Code, ConnectError, type ServiceImpl } from "@connectrpc/connect";
import {
  type Health,
  HealthCheckResponse_ServingStatus as Status,
} from "../../../gen/grpc/health/v1/health_pb.js";
import { shown } from "../engine/refusals.js";
import { answerJson, type NodeHandler, requestPath } from "../server/node-handler.js";
import type { ServingState } from "./serving-state.js";

/**
 * gRPC's health service (grpc/doc/health-checking.md) for these services, and for the server as a
 * whole, which is the empty name. All of them share one state.
 */
export function createHealthService(
  services: readonly string[],
  state: ServingState,
): ServiceImpl<typeof Health> {
  const names = new Set(["", ...services]);

  return {
    check({ service }) {
      if (!names.has(service)) {
        throw new ConnectError(`there is no service ${shown(service)}`, Code.NotFound);
      }
      return { status: statusOf(state.isServing) };
    },

    list() {
      const status = { status: statusOf(state.isServing) };
      return { statuses: Object.fromEntries([...names].map((name) => [name, status])) };
    },

    async *watch({ service }, { signal }) {
      let told: Status | undefined;
      for await (const isServing of state.follow(signal)) {
        const status = names.has(service) ? statusOf(isServing) : Status.SERVICE_UNKNOWN;
        if (status !== told) {
          told = status;
          yield { status };
        }
      }
    },
  };
}

/** Answers `GET /healthz` by an HTTP status, for probes that know no gRPC; nobody needs a token. */
export function createHealthzHandler(state: ServingState): NodeHandler {
  return (request, response) => {
    if (request.method !== "GET" || requestPath(request) !== "/healthz") {
      return false;
    }
    request.resume();
    const status = Status[statusOf(state.isServing)];
    answerJson(response, state.isServing ? 200 : 503, { status });
    return true;
  };
}

function statusOf(isServing: boolean): Status {
  return isServing ? Status.SERVING : Status.NOT_SERVING;
}
