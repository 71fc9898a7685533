/**
 * A server for Connect's conformance suite: serves the suite's service on the stub's server, as
 * standard input says, and tells its port on standard output.
 */
import { createRegistry } from "@bufbuild/protobuf";
import { ServerCompatRequestSchema, ServerCompatResponseSchema } from "#suite/server_compat_pb.js";
import { ConformanceService } from "#suite/service_pb.js";
import { Links } from "../../../src/stub/faults/network/links.js";
import { startHttpServer } from "../../../src/stub/server/http-server.js";
import { createServiceHandler, refuseUnknownMethod } from "../../../src/stub/server/rpc-handler.js";
import type { StubTls } from "../../../src/stub/server/stub-tls.js";
import { MAX_WRITTEN_BYTES } from "../../../src/stub/service/message-limits.js";
import { conformanceService } from "./conformance-service.js";
import { readDelimited, writeDelimited } from "./delimited.js";

for await (const request of readDelimited(ServerCompatRequestSchema, process.stdin)) {
  const { serverCreds, clientTlsCert, messageReceiveLimit } = request;
  const links = new Links();
  const handler = createServiceHandler(
    ConformanceService,
    conformanceService,
    {
      readMaxBytes: messageReceiveLimit,
      writeMaxBytes: MAX_WRITTEN_BYTES,
      // What a request was is told in an Any, which JSON needs the types for.
      jsonOptions: { registry: createRegistry(ConformanceService.file) },
    },
    links,
  );
  const tls: StubTls | undefined = serverCreds && {
    cert: Buffer.from(serverCreds.cert),
    key: Buffer.from(serverCreds.key),
    ...(clientTlsCert.length > 0 && { ca: Buffer.from(clientTlsCert) }),
  };
  const { port } = await startHttpServer(0, {
    handlers: [handler, refuseUnknownMethod],
    onConnection: (socket) => links.add(socket),
    tls,
  });
  writeDelimited(ServerCompatResponseSchema, process.stdout, {
    host: "127.0.0.1",
    port,
    ...(serverCreds && { pemCert: serverCreds.cert }),
  });
}
// Ends by the suite's SIGTERM.
