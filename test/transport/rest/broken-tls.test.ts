import { expect, test } from "vitest";
import { startBreakingTls } from "../support/breaking-tls.js";
import { failure } from "../support/failure.js";
import { PROCESS } from "../support/process-name.js";
import { answering, restClient } from "./support/http-edge.js";

test.each([
  ["first", 0],
  ["second", 1],
])(
  "TLS that breaks under the %s call of a connection may have had its effect: %i",
  async (_, before) => {
    const { url, calls } = await startBreakingTls(before, answering({}));
    const { client: service, sent } = restClient(url, { verifySsl: false });
    for (let i = 0; i < before; i++) {
      await service.getProcess({ name: PROCESS });
    }
    await expect(service.sendSignal({ name: PROCESS, signal: 15 })).rejects.toMatchObject(
      failure("Unavailable", /^connection lost: https:\S+ failed \(ERR_SSL_\w+\)$/),
    );
    expect(sent.at(-1)?.failure?.kind).toBe("lost");
    expect(calls()).toBe(before + 1);
  },
);
