import { type ChildProcess, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { realpathSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { buffer, text } from "node:stream/consumers";
import { afterEach, describe, expect, inject, it } from "vitest";

const { consumer } = inject("packed");
const started = new Set<ChildProcess>();

function quickstart(...args: string[]) {
  return quickstartIn(consumer, ...args);
}

function quickstartIn(called: string, ...args: string[]) {
  const child = spawn(process.execPath, ["examples/start.mjs", ...args], {
    cwd: consumer,
    env: { ...process.env, INIT_CWD: called },
    stdio: ["ignore", "pipe", "pipe"],
  });
  started.add(child);
  return { child, closed: once(child, "close") as Promise<[number | null, NodeJS.Signals | null]> };
}

afterEach(() => {
  for (const child of started) {
    child.kill("SIGKILL");
  }
  started.clear();
});

describe("npm start", () => {
  it("shows the output of a process as it comes, and on stderr where it runs and how it ended", async () => {
    const { child, closed } = quickstart();
    const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr)]);
    expect(stdout).toBe(
      "loading the data\nepoch 1 of 3\nepoch 2 of 3\nepoch 3 of 3\nmodel saved\n",
    );
    expect(stderr).toMatch(/^workspaces\/default\/sandboxEngines\/local\/processes\/\S+$/m);
    expect(stderr).toContain("\nno GPU found, going on without\n");
    expect(stderr).toMatch(/ ended STATE_SUCCEEDED, exit code 0\n$/);
    expect(await closed).toEqual([0, null]);
  });
});

describe("npm start -- COMMAND", () => {
  it("passes on both streams byte for byte and ends with the command's exit code", async () => {
    const script = "printf 'o\\377\\000t'; printf 'e\\200' >&2; exit 7";
    const { child, closed } = quickstart("sh", "-c", script);
    const [stdout, stderr] = await Promise.all([buffer(child.stdout), buffer(child.stderr)]);
    expect(stdout).toEqual(Buffer.from([0x6f, 0xff, 0x00, 0x74]));
    expect(stderr).toEqual(Buffer.from([0x65, 0x80]));
    expect(await closed).toEqual([7, null]);
  });

  it("loses nothing of a long output before it ends", async () => {
    const { child, closed } = quickstart("seq", "1", "2000000");
    const hash = createHash("sha256");
    for await (const chunk of child.stdout) {
      hash.update(chunk);
    }
    const expected = createHash("sha256");
    for (let n = 1; n <= 2_000_000; n += 1) {
      expected.update(`${n}\n`);
    }
    expect(hash.digest("hex")).toBe(expected.digest("hex"));
    expect(await closed).toEqual([0, null]);
  });

  it.each([
    ["a command that does not exist", ["aiem-no-such-command"], 127],
    ["a command killed by SIGKILL", ["sh", "-c", "kill -9 $$"], 137],
  ] as const)("ends as a shell would after %s", async (_title, command, exitCode) => {
    const { child, closed } = quickstart(...command);
    child.stdout.resume();
    child.stderr.resume();
    expect(await closed).toEqual([exitCode, null]);
  });

  it.each(["SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT"] as const)(
    "hands %s on to the command, shows what it says last, and ends as it does",
    async (signal) => {
      const script = `trap 'echo bye; kill $!; exit 9' ${signal.slice(3)}; echo ready; sleep 60 & wait`;
      const { child, closed } = quickstart("sh", "-c", script);
      const output: string[] = [];
      for await (const chunk of child.stdout) {
        output.push(String(chunk));
        if (output.length === 1) {
          child.kill(signal);
        }
      }
      expect(output.join("")).toBe("ready\nbye\n");
      expect(await closed).toEqual([9, null]);
    },
  );

  it("runs the command in the directory that npm was called in, with the caller's home", async () => {
    const called = realpathSync(tmpdir());
    const { child } = quickstartIn(called, "sh", "-c", 'pwd -P; echo "$HOME"');
    expect(await text(child.stdout)).toBe(`${called}\n${homedir()}\n`);
  });

  it("ends the command when nobody reads its output any more", async () => {
    const { child, closed } = quickstart("yes");
    const stderr = text(child.stderr);
    await Promise.race([once(child.stdout, "data"), closed]);
    child.stdout.destroy();
    expect(await closed).toEqual([141, null]);
    expect(await stderr).toBe("");
  });
});
