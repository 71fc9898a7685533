import { createClient } from "@connectrpc/connect";
import { expect, test } from "vitest";
import { ProcessService } from "../../../gen/ai/h2o/engine/sandbox/v1/process_service_pb.js";
import { createTransport } from "../../support/create-transport.js";
import { answering } from "../rest/support/http-edge.js";
import { startBreakingTls } from "../support/breaking-tls.js";
import { closing } from "../support/cleanup.js";
import { failure } from "../support/failure.js";
import { PROCESS } from "../support/process-name.js";

const EMPTY = answering("", { headers: { "content-type": "application/proto" } });

test.each([
  ["first", 0],
  ["second", 1],
])(
  "TLS that breaks under the %s call of a connection of HTTP/1.1 may have had its effect: %i",
  async (_, before) => {
    const { url, calls } = await startBreakingTls(before, EMPTY);
    const { transport, sent } = closing(
      createTransport(
        { aiemUrl: url },
        { protocol: "connect", httpVersion: "1.1", verifySsl: false },
      ),
    );
    const client = createClient(ProcessService, transport);
    for (let i = 0; i < before; i++) {
      await client.getProcess({ name: PROCESS });
    }
    await expect(client.sendSignal({ name: PROCESS, signal: 15 })).rejects.toMatchObject(
      failure("Unavailable", /^connection lost: https:\S+ failed \(ERR_SSL_\w+\)$/),
    );
    expect(sent.at(-1)?.failure?.kind).toBe("lost");
    expect(calls()).toBe(before + 1);
  },
);
