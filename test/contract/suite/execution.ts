import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { shell } from "../../support/commands.js";
import type { FullContractTarget } from "../contract-target.js";
import { useTarget } from "./use-target.js";

/** How programs are executed, and what they can do with their output. */
export function defineExecution(target: FullContractTarget): void {
  describe("a command", () => {
    const open = useTarget(target);

    it("that is not found fails with 127, and says why on stderr", async () => {
      const { client, parent } = open();
      for (const command of ["no-such-command", "/no/such/command"]) {
        const result = await client.runProcess(parent, { command });
        expect(result).toMatchObject({ ok: false, exitCode: 127 });
        expect(result.process).toMatchObject({ state: "STATE_FAILED", exitCode: 127 });
        expect(result.process.startTime).toBeInstanceOf(Date);
        expect(result.process.endTime).toBeInstanceOf(Date);
        expect(result.stdout.text()).toBe("");
        expect(result.stderr.text()).toContain(command);
      }
    });

    it("that is not executable fails with 126", async () => {
      const { client, parent, engines } = open();
      const command = join(engines.get(parent)?.rootDirectory ?? "", "plain-file");
      await writeFile(command, "#!/bin/sh\necho never\n", { mode: 0o600 });
      const result = await client.runProcess(parent, { command });
      expect(result).toMatchObject({ ok: false, exitCode: 126 });
      expect(result.stdout.text()).toBe("");
      expect(result.stderr.totalBytes).toBeGreaterThan(0);
    });

    it("is found in the process's own PATH", async () => {
      const { client, parent, engines } = open();
      const root = engines.get(parent)?.rootDirectory ?? "";
      await writeFile(join(root, "mine"), "#!/bin/sh\necho it is me\n", { mode: 0o755 });
      const environmentVariables = { PATH: root };
      const { stdout } = await client.runProcess(parent, { command: "mine", environmentVariables });
      expect(stdout.text()).toBe("it is me\n");
    });

    it("gets its arguments as they are: no shell reads them", async () => {
      const { client, parent } = open();
      const args = ["%s|", "a b", "$HOME", "*", "'", '"', "\\", "", ";exit 9", "ü\n€"];
      const { stdout } = await client.runProcess(parent, { command: "printf", args });
      expect(stdout.text()).toBe(`${args.slice(1).join("|")}|`);
    });
  });

  describe("standard output and error", () => {
    const open = useTarget(target);

    it("can be opened by name, as scripts do", async () => {
      const { client, parent } = open();
      const script = [
        "echo by redirection > /dev/stderr",
        "echo by tee | tee /dev/stdout",
        "echo by number >&2",
      ].join("; ");
      const { stdout, stderr } = await client.runProcess(parent, shell(script), { check: true });
      expect(stdout.text()).toBe("by tee\nby tee\n");
      expect(stderr.text()).toBe("by redirection\nby number\n");
    });

    it("that a process closes do not end it", async () => {
      const { client, parent } = open();
      const script = "echo before; exec >&- 2>&-; sleep 0.4; exit 5";
      const { name } = await client.createProcess(parent, shell(script), { autoRun: true });
      await new Promise((resolve) => setTimeout(resolve, 150));
      expect((await client.getProcess(name)).state).toBe("STATE_RUNNING");
      expect(await client.waitProcess(name)).toMatchObject({ exitCode: 5 });
      expect(Buffer.from(await client.readOutput(name)).toString()).toBe("before\n");
    });

    it("that a grandchild keeps open do not hold up the end for long", async () => {
      const { client, parent } = open();
      const script = "sleep 600 & echo $!; exit 7";
      const begin = performance.now();
      const { exitCode, stdout } = await client.runProcess(parent, shell(script));
      expect(exitCode).toBe(7);
      expect(performance.now() - begin).toBeLessThan(10_000);
      process.kill(Number(stdout.text()), "SIGKILL");
    });

    it("are complete at the end, though they were written just before it", async () => {
      const { client, parent } = open();
      const script = "head -c 300000 /dev/zero; head -c 200000 /dev/zero >&2";
      const runs = Array.from({ length: 5 }, () => client.runProcess(parent, shell(script)));
      for (const { stdout, stderr } of await Promise.all(runs)) {
        expect([stdout.totalBytes, stderr.totalBytes]).toEqual([300_000, 200_000]);
      }
    });
  });
}
