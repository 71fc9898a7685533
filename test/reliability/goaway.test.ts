import { constants } from "node:http2";
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { Process_State } from "../../src/gen.js";
import { ProcessClient } from "../../src/index.js";
import { startProcessServer } from "../transport/support/process-server.js";
import { NAME } from "./support/scripted-output.js";
import { FAST_RETRY } from "./support/ways.js";

const TRIES = 200;

// connect-es #1768: with its own session manager this ends the program.
describe.each(["grpc", "connect"] as const)("GOAWAY on an idle connection (%s)", (protocol) => {
  it.each([
    ["a read", "getProcess"],
    ["a signal, which is sent once", "sendSignal"],
  ] as const)(`and then %s: succeeds, ${TRIES} times`, async (_, call) => {
    let signals = 0;
    const answer = { process: { name: NAME, state: Process_State.RUNNING } };
    const server = await startProcessServer({
      service: {
        getProcess: () => answer,
        sendSignal: () => {
          signals += 1;
          return answer;
        },
      },
    });
    await using client = new ProcessClient(
      { contract: "built-in", aiemUrl: server.url },
      { protocol, retry: FAST_RETRY },
    );
    try {
      for (let n = 0; n < TRIES; n += 1) {
        await client.getProcess(NAME);
        const code = n % 4 === 3 ? constants.NGHTTP2_ENHANCE_YOUR_CALM : constants.NGHTTP2_NO_ERROR;
        server.sessions.at(-1)?.goaway(code);
        // Before the frame arrives, about when it does, and after it.
        if (n % 3 > 0) {
          await sleep(n % 3 === 1 ? 0 : 3);
        }
        const process =
          call === "getProcess" ? client.getProcess(NAME) : client.sendSignal(NAME, 1);
        expect(await process).toMatchObject({ name: NAME });
      }
      expect(server.sessions.length).toBeGreaterThan(TRIES / 2);
      expect(signals).toBe(call === "sendSignal" ? TRIES : 0);
    } finally {
      await server.close();
    }
  });
});
