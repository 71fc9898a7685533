import { connect } from "node:http2";
import { text } from "node:stream/consumers";
import { type Client, Code, createClient, type Transport } from "@connectrpc/connect";
import { describe, expect, onTestFinished, test } from "vitest";
import {
  Health,
  HealthCheckResponse_ServingStatus as Status,
} from "../../../gen/grpc/health/v1/health_pb.js";
import { ServerReflection } from "../../../gen/grpc/reflection/v1/reflection_pb.js";
import { ProcessService } from "../../../src/gen.js";
import { type StubServer, startStubServer } from "../../../src/stub/index.js";
import { startHttpServer } from "../../../src/stub/server/http-server.js";
import {
  createHealthService,
  createHealthzHandler,
} from "../../../src/stub/service/create-health-service.js";
import { ServingState } from "../../../src/stub/service/serving-state.js";
import { createGrpcJsTransport } from "../../support/grpc-js/grpc-js-transport.js";
import { rejection } from "../../support/rejection.js";
import { PROTOCOLS } from "../server/protocols.js";

async function start(): Promise<StubServer> {
  const stub = await startStubServer();
  onTestFinished(() => stub.close());
  return stub;
}

function grpcJs(stub: StubServer): Client<typeof Health> {
  const transport = createGrpcJsTransport(`127.0.0.1:${stub.port}`);
  onTestFinished(() => transport.close());
  return createClient(Health, transport);
}

/** The statuses that are told, and how it ended. */
async function watchAll(
  client: Client<typeof Health>,
  service: string,
  onStatus: () => void,
): Promise<[statuses: Status[], error: unknown]> {
  const statuses: Status[] = [];
  try {
    for await (const { status } of client.watch({ service })) {
      statuses.push(status);
      onStatus();
    }
    return [statuses, undefined];
  } catch (error) {
    return [statuses, error];
  }
}

describe("the health of a server", () => {
  test.each(["", ProcessService.typeName, ServerReflection.typeName, Health.typeName])(
    "is told of the service %j to grpc-js, without a token",
    async (service) => {
      const client = grpcJs(await start());
      expect(await client.check({ service })).toMatchObject({ status: Status.SERVING });
    },
  );

  test("is told of all services at once", async () => {
    const { statuses } = await grpcJs(await start()).list({});
    expect(Object.keys(statuses)).toHaveLength(5);
    expect(statuses[ProcessService.typeName]?.status).toBe(Status.SERVING);
  });

  test("is NOT_FOUND for a service that there is not", async () => {
    const client = grpcJs(await start());
    expect(await rejection(client.check({ service: "a.Service" }))).toMatchObject({
      code: Code.NotFound,
      rawMessage: 'there is no service "a.Service"',
    });
  });

  test.each(PROTOCOLS)("is told over %s", async (_name, make) => {
    const stub = await start();
    const { transport, close } = make(stub.url);
    onTestFinished(close);
    await expectWatchedUntilStopped(stub, transport);
  });

  async function expectWatchedUntilStopped(stub: StubServer, transport: Transport) {
    const client = createClient(Health, transport);
    expect(await client.check({})).toMatchObject({ status: Status.SERVING });
    const [statuses, error] = await watchAll(client, "", () => void stub.stop());
    expect(statuses).toEqual([Status.SERVING, Status.NOT_SERVING]);
    expect(error).toBeDefined();
  }

  test("is watched until the server stops, and SERVING again when it listens", async () => {
    const stub = await start();
    const client = grpcJs(stub);
    const [statuses, error] = await watchAll(client, ProcessService.typeName, () => {
      void stub.stop();
    });
    expect(statuses).toEqual([Status.SERVING, Status.NOT_SERVING]);
    expect(error).toMatchObject({ code: Code.Unavailable });
    await stub.listen();
    expect(await grpcJs(stub).check({})).toMatchObject({ status: Status.SERVING });
  });

  test("is SERVICE_UNKNOWN to who watches a service that there is not, for as long as they watch", async () => {
    const stub = await start();
    const watching = watchAll(grpcJs(stub), "a.Service", () => {});
    await expect.poll(() => stub.faults.calls("Watch")).toBe(1);
    // What comes after a further call would have come.
    await grpcJs(stub).check({});
    await stub.stop();
    expect(await watching).toMatchObject([[Status.SERVICE_UNKNOWN], { code: Code.Unavailable }]);
  });

  test("can be struck by faults", async () => {
    const stub = await start();
    const client = grpcJs(stub);
    stub.faults.add({ method: "Check", fault: "status", code: Code.Unavailable });
    stub.faults.add({ method: "Watch", fault: "status", code: Code.Unimplemented });
    expect(await rejection(client.check({}))).toMatchObject({ code: Code.Unavailable });
    const [statuses, error] = await watchAll(client, "", () => {});
    expect([statuses, error]).toMatchObject([[], { code: Code.Unimplemented }]);
    expect(await client.check({})).toMatchObject({ status: Status.SERVING });
    expect(stub.faults.calls("Check")).toBe(2);
    expect(stub.faults.calls("*")).toBe(0);
  });
});

test("a service that is about to stop is NOT_SERVING to who asks on an open connection", async () => {
  const state = new ServingState();
  const service = createHealthService(["a.Service"], state);
  const handlers = [createHealthzHandler(state)];
  const server = await startHttpServer(0, { handlers });
  onTestFinished(() => server.stop());
  state.set(false);
  // @ts-expect-error: it reads the request only.
  expect(service.check({ service: "a.Service" })).toEqual({ status: Status.NOT_SERVING });
  const response = await fetch(`http://127.0.0.1:${server.port}/healthz`);
  expect(response.status).toBe(503);
  expect(await response.json()).toEqual({ status: "NOT_SERVING" });
});

test("GET /healthz is 200 over HTTP/1.1 and HTTP/2, without a token", async () => {
  const stub = await start();
  const response = await fetch(`${stub.url}/healthz?from=a-probe`);
  expect(response.status).toBe(200);
  expect(response.headers.get("content-type")).toBe("application/json");
  expect(await response.json()).toEqual({ status: "SERVING" });
  const session = connect(stub.url);
  onTestFinished(() => session.destroy());
  const call = session.request({ ":path": "/healthz" });
  let status: unknown;
  call.on("response", (headers) => {
    status = headers[":status"];
  });
  expect(JSON.parse(await text(call))).toEqual({ status: "SERVING" });
  expect(status).toBe(200);
  expect((await fetch(`${stub.url}/healthz`, { method: "POST" })).status).toBe(404);
});
