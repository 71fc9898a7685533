import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Code } from "@connectrpc/connect";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { ProcessClient } from "../../src/index.js";
import { type StubServer, startStubServer } from "../../src/stub/index.js";
import { shell } from "../support/commands.js";
import { rejection } from "../support/rejection.js";
import { clientVia, WAYS } from "./support/ways.js";

const AUTO_RUN = { autoRun: true };
/** The ways in which a response is lost after the effect. */
const LOSSES = [
  { fault: "drop" },
  { fault: "close", at: "after" },
  { fault: "rst-stream", at: "after", code: "CANCEL" },
  { fault: "http", at: "after", status: 502 },
  { fault: "status", at: "after", code: Code.Unavailable },
] as const;

describe.each(WAYS)(
  "a response lost after the effect, over $protocol and HTTP/$httpVersion",
  (way) => {
    let stub: StubServer;
    let client: ProcessClient;
    let folder: string;
    beforeEach(async () => {
      stub = await startStubServer();
      client = clientVia(stub, stub, way);
      folder = mkdtempSync(join(tmpdir(), "aiem-"));
    });
    afterEach(async () => {
      client.close();
      await stub.close();
      rmSync(folder, { recursive: true });
    });
    /** A process that tells each of its starts, and its file. */
    const counted = () => {
      const file = join(folder, "starts");
      return {
        spec: shell('echo started >> "$1"', file),
        starts: () => readFileSync(file, "utf8"),
      };
    };
    const names = async () =>
      (await client.listProcesses(stub.parent)).processes.map(({ name }) => name);

    it.each(LOSSES)(
      "of create: one process, one start, which is what the call gives (%o)",
      async (loss) => {
        const { spec, starts } = counted();
        stub.faults.add({ method: "CreateProcess", ...loss });
        const { name } = await client.createProcess(stub.parent, spec, AUTO_RUN);
        await client.waitProcess(name);
        expect(await names()).toEqual([name]);
        expect(starts()).toBe("started\n");
        expect(stub.faults.calls("CreateProcess")).toBe(1);
      },
    );

    it.each(LOSSES)("of start: one start (%o)", async (loss) => {
      const { spec, starts } = counted();
      const { name } = await client.createProcess(stub.parent, spec);
      stub.faults.add({ method: "StartProcess", ...loss });
      expect((await client.startProcess(name)).state).not.toBe("STATE_PENDING");
      await client.waitProcess(name);
      expect(starts()).toBe("started\n");
      expect(stub.faults.calls("StartProcess")).toBe(1);
    });

    it.each(LOSSES)("of a signal: an error, and one signal (%o)", async (loss) => {
      const counting = shell(
        'n=0; trap "n=\\$((n+1)); echo \\$n" USR1; echo ready; while :; do sleep 0.02; done',
      );
      const { name } = await client.createProcess(stub.parent, counting, AUTO_RUN);
      for await (const _ of client.streamOutput(name)) {
        break;
      }
      stub.faults.add({ method: "SendSignal", ...loss });
      expect(await rejection(client.sendSignal(name, "SIGUSR1"))).toMatchObject({
        code: Code.Unavailable,
      });
      await expect
        // Of the shell's own stdout: the signal reaches its group, and it tells of that on stderr.
        .poll(async () =>
          Buffer.from(
            await client.readOutput(name, { outputStream: "OUTPUT_STREAM_STDOUT" }),
          ).toString(),
        )
        .toBe("ready\n1\n");
      expect(stub.faults.calls("SendSignal")).toBe(1);
    });

    it("of create and of the look after it: still one process", async () => {
      const { spec, starts } = counted();
      stub.faults.add({ method: "CreateProcess", fault: "drop" });
      stub.faults.add({ method: "GetProcess", fault: "drop" });
      stub.faults.add({ method: "GetProcess", fault: "http", status: 503, nth: 2 });
      const { name } = await client.createProcess(stub.parent, spec, AUTO_RUN);
      await client.waitProcess(name);
      expect(await names()).toEqual([name]);
      expect(starts()).toBe("started\n");
    });

    it("of create, and nothing was created: it is sent again, under the same id", async () => {
      const { spec, starts } = counted();
      stub.faults.add({ method: "CreateProcess", fault: "reset", at: "before" });
      const { name } = await client.createProcess(stub.parent, spec, AUTO_RUN);
      await client.waitProcess(name);
      expect(await names()).toEqual([name]);
      expect(starts()).toBe("started\n");
      expect(stub.faults.calls("CreateProcess")).toBe(2);
    });

    it("of create with an id of the caller's: the process is his if it is the same", async () => {
      const { spec, starts } = counted();
      stub.faults.add({ method: "CreateProcess", fault: "drop" });
      const options = { processId: "mine", ...AUTO_RUN };
      const { name } = await client.createProcess(stub.parent, spec, options);
      await client.waitProcess(name);
      expect(name).toBe(`${stub.parent}/processes/mine`);
      expect(starts()).toBe("started\n");
    });

    it.each([
      ["command", { command: "/bin/true" }],
      ["arguments", shell("exit 0", "b")],
      ["directory", { ...shell("exit 0", "a"), workingDirectory: "/tmp" }],
    ])("of create with a taken id and another %s: the error", async (_what, other) => {
      await client.createProcess(stub.parent, shell("exit 0", "a"), { processId: "taken" });
      stub.faults.add({ method: "CreateProcess", fault: "reset", at: "before" });
      const create = client.createProcess(stub.parent, other, { processId: "taken" });
      expect(await rejection(create)).toMatchObject({ code: Code.Unavailable });
      expect(await names()).toHaveLength(1);
    });

    it("of nothing, and the id is taken: AlreadyExists, also by the same command", async () => {
      const spec = shell("exit 0");
      await client.createProcess(stub.parent, spec, { processId: "taken" });
      const create = client.createProcess(stub.parent, spec, { processId: "taken" });
      expect(await rejection(create)).toMatchObject({ code: Code.AlreadyExists });
      expect(stub.faults.calls("GetProcess")).toBe(0);
    });
  },
);
