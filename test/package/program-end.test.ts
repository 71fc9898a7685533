import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { text } from "node:stream/consumers";
import { describe, expect, inject, it } from "vitest";

const { consumer } = inject("packed");

describe("a program that ends without close()", () => {
  it.each([
    ["process.exit()", "process.exit(3)"],
    ["an error that nobody caught", "throw new Error('boom')"],
  ])("by %s leaves neither processes nor files", async (_how, end) => {
    const program = `
      import { createStubTransport } from "aiem-process-client/stub";
      import { ProcessClient } from "aiem-process-client";
      const stub = createStubTransport();
      const client = new ProcessClient({ transport: stub.transport });
      const spec = { command: "sh", args: ["-c", "echo $$ $HOME; exec sleep 600"] };
      const { name } = await client.createProcess(stub.parent, spec, { autoRun: true });
      for await (const { data } of client.streamOutput(name)) {
        process.stdout.write(data);
        setTimeout(() => { ${end} });
      }`;
    const child = spawn(process.execPath, ["--input-type=module", "--eval", program], {
      cwd: consumer,
      stdio: ["ignore", "pipe", "ignore"],
    });
    const [pid, home = ""] = (await text(child.stdout)).trim().split(" ");
    expect(Number(pid)).toBeGreaterThan(1);
    await expect.poll(() => existsSync(`/proc/${pid}/exe`)).toBe(false);
    expect(existsSync(home)).toBe(false);
  });
});

describe("a program that has closed its client", () => {
  it.each(["grpc", "rest", "connect"])(
    "ends, though output was left unread in the middle (%s)",
    async (protocol) => {
      const program = `
        import { startStubServer } from "aiem-process-client/stub";
        import { ProcessClient } from "aiem-process-client";
        const stub = await startStubServer();
        const client = new ProcessClient(stub.connection, { protocol: "${protocol}" });
        const spec = { command: "sh", args: ["-c", "echo one; exec sleep 600"] };
        const { name } = await client.createProcess(stub.parent, spec, { autoRun: true });
        await client.streamOutput(name)[Symbol.asyncIterator]().next();
        client.close();
        await stub.close();
        console.log("closed");`;
      const child = spawn(process.execPath, ["--input-type=module", "--eval", program], {
        cwd: consumer,
        stdio: ["ignore", "pipe", "inherit"],
        // Less than what a stream may be silent.
        timeout: 40_000,
        killSignal: "SIGKILL",
      });
      const ended = once(child, "close");
      expect(await text(child.stdout)).toBe("closed\n");
      expect(await ended).toEqual([0, null]);
    },
  );
});
