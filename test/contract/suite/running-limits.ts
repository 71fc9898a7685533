import { Code } from "@connectrpc/connect";
import { describe, expect, it } from "vitest";
import { WaitTimeoutError } from "../../../src/index.js";
import { shell } from "../../support/commands.js";
import { RecordingWritable } from "../../support/recording-writable.js";
import { rejection } from "../../support/rejection.js";
import type { ContractTarget } from "../contract-target.js";
import { useTarget } from "./use-target.js";

// Long enough for the first output to arrive on a busy machine.
const TIMEOUT_MS = 5_000;

/** What ends a run before the process ends. */
export function defineRunningLimits(target: ContractTarget): void {
  describe.concurrent("a run that is given up", () => {
    const open = useTarget(target);
    const spec = shell("echo out; echo err >&2; exec sleep 600");

    it("at timeoutMs leaves the process, and tells it and the output so far", async () => {
      const { client, parent } = open();
      const options = { timeoutMs: TIMEOUT_MS, processId: "left" };
      const error = await rejection(client.runProcess(parent, spec, options));
      expect(error).toBeInstanceOf(WaitTimeoutError);
      const name = `${parent}/processes/left`;
      expect(error).toMatchObject({
        code: Code.DeadlineExceeded,
        timeoutMs: TIMEOUT_MS,
        process: { name, state: "STATE_RUNNING" },
        message: expect.stringContaining(name),
      });
      const { output } = error instanceof WaitTimeoutError ? error : { output: undefined };
      expect([output?.stdout.text(), output?.stderr.text()]).toEqual(["out\n", "err\n"]);
      expect((await client.getProcess(name)).state).toBe("STATE_RUNNING");
    });

    it("at timeoutMs ends the process, with onTimeout: terminate", async () => {
      const { client, parent } = open();
      const options = { timeoutMs: TIMEOUT_MS, onTimeout: "terminate" } as const;
      const error = await rejection(client.runProcess(parent, spec, options));
      expect(error).toBeInstanceOf(WaitTimeoutError);
      expect(error).toMatchObject({ process: { state: "STATE_FAILED", exitCode: 143 } });
      const { process, output } =
        error instanceof WaitTimeoutError ? error : { process: undefined, output: undefined };
      expect(output?.stdout.text()).toBe("out\n");
      expect(await client.getProcess(process?.name ?? "")).toEqual(process);
    });

    it("by an abort rejects with its reason, and leaves the process", async () => {
      const { client, parent } = open();
      const controller = new AbortController();
      const reason = { enough: true };
      const stdout = new RecordingWritable({ take: () => controller.abort(reason) });
      const { signal } = controller;
      const options = { signal, stdout, processId: "aborted" };
      expect(await rejection(client.runProcess(parent, spec, options))).toBe(reason);
      const process = await client.getProcess(`${parent}/processes/aborted`);
      expect(process.state).toBe("STATE_RUNNING");
    });

    it("by a Writable's error rejects with it, and leaves the process", async () => {
      const { client, parent } = open();
      const error = new Error("no more room");
      const stderr = new RecordingWritable({
        take: () => {
          throw error;
        },
      });
      stderr.on("error", () => undefined);
      const options = { stderr, processId: "unwritten" };
      expect(await rejection(client.runProcess(parent, spec, options))).toBe(error);
      const process = await client.getProcess(`${parent}/processes/unwritten`);
      expect(process.state).toBe("STATE_RUNNING");
    });
  });
}
