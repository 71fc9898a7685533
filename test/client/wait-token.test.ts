import { Code, ConnectError } from "@connectrpc/connect";
import { expect, it } from "vitest";
import { Process_State } from "../../src/gen.js";
import { ProcessClient } from "../../src/index.js";
import { closing } from "../transport/support/cleanup.js";
import { PROCESS } from "../transport/support/process-name.js";
import { startProcessServer } from "../transport/support/process-server.js";

it("the only look of a wait without time is sent again with another token, too", async () => {
  const seen: (string | null)[] = [];
  const server = closing(
    await startProcessServer({
      service: {
        getProcess: (_, { requestHeader }) => {
          const token = requestHeader.get("authorization");
          seen.push(token);
          if (token !== "Bearer new") {
            throw new ConnectError("expired", Code.Unauthenticated);
          }
          return { process: { name: PROCESS, state: Process_State.SUCCEEDED } };
        },
      },
    }),
  );
  await using client = new ProcessClient({
    aiemUrl: server.url,
    contract: "built-in",
    tokenProvider: ({ rejectedToken }) => (rejectedToken === undefined ? "old" : "new"),
  });
  const { state } = await client.waitProcess(PROCESS, { timeoutMs: 0 });
  expect(state).toBe("STATE_SUCCEEDED");
  expect(seen).toEqual(["Bearer old", "Bearer new"]);
});
