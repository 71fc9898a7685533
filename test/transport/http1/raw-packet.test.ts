import { createServer } from "node:net";
import { createClient } from "@connectrpc/connect";
import { expect, test } from "vitest";
import { ProcessService } from "../../../gen/ai/h2o/engine/sandbox/v1/process_service_pb.js";
import { expectNoSecrets } from "../../auth/support/secrets.js";
import { createTransport } from "../../support/create-transport.js";
import { closing } from "../support/cleanup.js";
import { listen } from "../support/listen.js";
import { PROCESS } from "../support/process-name.js";

const OK = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n";

test.each([
  [{ protocol: "rest" } as const, `${OK}MARKER\r\n\r\n`],
  [{ protocol: "rest" } as const, `${OK}transfer-encoding: chunked\r\n\r\nMARKER\r\n`],
  [{ protocol: "connect", httpVersion: "1.1" } as const, `${OK}MARKER\r\n\r\n`],
])("what is no HTTP is not shown (%j)", async (options, answer) => {
  const server = createServer((socket) => socket.once("data", () => socket.write(answer)));
  const { port } = closing(await listen(server));
  const { transport } = closing(createTransport({ aiemUrl: `http://127.0.0.1:${port}` }, options));
  const error: unknown = await createClient(ProcessService, transport)
    .getProcess({ name: PROCESS })
    .catch((reason: unknown) => reason);
  expect(error).toMatchObject({ cause: { code: expect.stringMatching(/^HPE_|^ECONNRESET$/) } });
  expectNoSecrets(error, "MARKER");
});
