import { spawn } from "node:child_process";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { describe, expect, inject, it } from "vitest";
import { ProcessClient } from "../../src/index.js";
import { endOf, runToEnd } from "../support/run-to-end.js";

const { consumer } = inject("packed");
const program = join(consumer, "examples/stub-server.mjs");
const MAX_MS = 30_000;

describe("examples/stub-server.mjs", () => {
  it("runs a command with a server in its environment, and ends with its exit code", async () => {
    const script = 'test -n "$AIEM_TOKEN" && echo "$AIEM_URL $AIEM_PARENT"; exit 7';
    const run = await runToEnd(process.execPath, [program, "sh", "-c", script], { maxMs: MAX_MS });
    expect(run.stdout).toMatch(
      /^http:\/\/127\.0\.0\.1:\d+ workspaces\/default\/sandboxEngines\/local\n$/,
    );
    expect(run).toMatchObject({ exitCode: 7, stderr: "" });
  });

  it.each(["SIGINT", "SIGTERM"] as const)(
    "prints what a shell takes over, and serves until %s",
    async (signal) => {
      const child = spawn(process.execPath, [program], { stdio: ["ignore", "pipe", "inherit"] });
      const ended = endOf(child);
      try {
        const variables: Record<string, string> = {};
        for await (const line of createInterface(child.stdout)) {
          const [, name = "", value = ""] = /^export (\w+)=(\S+)$/.exec(line) ?? [];
          variables[name] = value;
          if (Object.keys(variables).length === 3) {
            break;
          }
        }
        const { AIEM_URL: aiemUrl = "", AIEM_TOKEN: tokenProvider = "", ...rest } = variables;
        const client = new ProcessClient({ aiemUrl, tokenProvider });
        const { exitCode } = await client.runProcess(rest["AIEM_PARENT"] ?? "", {
          command: "true",
        });
        client.close();
        expect(exitCode).toBe(0);
        child.kill(signal);
        expect(await ended).toBe(0);
      } finally {
        child.kill("SIGKILL");
      }
    },
  );
});
