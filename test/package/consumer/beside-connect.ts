import { Code, ConnectError, type Interceptor } from "@connectrpc/connect";
import { createGrpcTransport } from "@connectrpc/connect-node";
import { ConnectError as ErrorOfClient, ProcessClient } from "aiem-process-client";
import { startStubServer } from "aiem-process-client/stub";

const stub = await startStubServer();
const methods: string[] = [];
const interceptor: Interceptor = (next) => (request) => {
  methods.push(request.method.name);
  return next(request);
};
const authorize: Interceptor = (next) => (request) => {
  request.header.set("authorization", `Bearer ${stub.token}`);
  return next(request);
};
const transport = createGrpcTransport({ baseUrl: stub.url, interceptors: [authorize] });
const unknown = `${stub.parent}/processes/unknown`;

for (const client of [
  new ProcessClient(stub.connection, { interceptors: [interceptor] }),
  new ProcessClient({ transport }),
]) {
  const { stdout } = await client.runProcess(stub.parent, { command: "echo", args: ["hello"] });
  const error: unknown = await client.getProcess(unknown).catch((reason: unknown) => reason);
  const isNotFound = error instanceof ConnectError && error.code === Code.NotFound;
  console.log(stdout.text().trim(), isNotFound, error instanceof ErrorOfClient);
  client.close();
}
console.log(ConnectError !== (ErrorOfClient as unknown), methods.includes("GetProcess"));
await stub.close();
