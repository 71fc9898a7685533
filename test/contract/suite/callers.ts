import { Code } from "@connectrpc/connect";
import { describe, expect, it } from "vitest";
import type { ProcessClient } from "../../../src/index.js";
import { collect } from "../../support/collect.js";
import { FOREVER } from "../../support/commands.js";
import type { ContractTarget } from "../contract-target.js";
import { useTarget } from "./use-target.js";

const USERS = { "token-of-ann": "users/ann", "token-of-bob": "users/bob" };

/** Each RPC, called once. */
const RPCS: readonly [string, (client: ProcessClient, parent: string, id: string) => unknown][] = [
  ["CreateProcess", (client, parent) => client.createProcess(parent, FOREVER)],
  ["StartProcess", (client, parent, id) => client.startProcess(`${parent}/processes/${id}`)],
  ["GetProcess", (client, parent, id) => client.getProcess(`${parent}/processes/${id}`)],
  ["ListProcesses", (client, parent) => client.listProcesses(parent)],
  ["SendSignal", (client, parent, id) => client.sendSignal(`${parent}/processes/${id}`, "SIGKILL")],
  ["WaitProcess", (client, parent, id) => client.waitProcess(`${parent}/processes/${id}`)],
  ["ReadOutput", (client, parent, id) => client.readOutput(`${parent}/processes/${id}`)],
  [
    "ReadOutputFrames",
    (client, parent, id) => client.readOutputFrames(`${parent}/processes/${id}`),
  ],
  [
    "StreamOutput",
    (client, parent, id) => collect(client.streamOutput(`${parent}/processes/${id}`)),
  ],
];

/** Who may call, and what others are told. */
export function defineCallers(target: ContractTarget): void {
  describe("a caller", () => {
    const open = useTarget(target, { users: USERS });
    const running = async () => {
      const { client, parent } = open();
      const { name } = await client.createProcess(parent, FOREVER, { autoRun: true });
      return name.replace(`${parent}/processes/`, "");
    };

    it.each(RPCS)("other than the engine's creator gets NOT_FOUND from %s", async (_rpc, call) => {
      const { client, clientAs, parent, engines } = open();
      const id = await running();
      await expect(call(clientAs("token-of-bob"), parent, id)).rejects.toMatchObject({
        code: Code.NotFound,
      });
      expect(await client.getProcess(`${parent}/processes/${id}`)).toMatchObject({
        state: "STATE_RUNNING",
      });
      expect(engines.get(parent)?.creator).toBe("users/ann");
    });

    it.each(RPCS)("with a wrong token gets UNAUTHENTICATED from %s", async (_rpc, call) => {
      const { clientAs, parent } = open();
      const id = await running();
      await expect(call(clientAs("token-of-nobody"), parent, id)).rejects.toMatchObject({
        code: Code.Unauthenticated,
      });
    });

    it.each(RPCS)(
      "gets NOT_FOUND from %s for an engine that does not exist",
      async (_rpc, call) => {
        const { client } = open();
        const missing = "workspaces/default/sandboxEngines/missing";
        await expect(call(client, missing, "p")).rejects.toMatchObject({ code: Code.NotFound });
      },
    );

    it("reaches the engines that it created, and no others", async () => {
      const { client, clientAs, engines } = open();
      const bobs = "workspaces/default/sandboxEngines/bobs";
      engines.create(bobs, { creator: "users/bob" });
      const bob = clientAs("token-of-bob");
      const { name } = await bob.createProcess(bobs, FOREVER);
      expect((await bob.getProcess(name)).state).toBe("STATE_PENDING");
      await expect(client.getProcess(name)).rejects.toMatchObject({ code: Code.NotFound });
    });
  });
}
