import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buffer } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, inject, it, onTestFinished } from "vitest";
import { findPython } from "../polyglot/support/find-python.js";
import { isAlive } from "../stub/engine/support.js";
import { cleanEnvironment, cli, resultOf, spawnCli } from "./support/cli.js";

let folder: string;
beforeAll(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), "aiem-serve-command-")));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A command that tells each signal that it gets, and ends with code 5 at the signal QUIT or TERM. */
const TELLS = `
  trap 'echo INT' INT; trap 'echo HUP' HUP
  trap 'echo TERM; exit 5' TERM; trap 'echo QUIT; exit 6' QUIT
  echo ready; while :; do sleep 0.05; done`;

describe("serve -- COMMAND", () => {
  it("gives the command an AIEM to work with, and its own streams, and ends with its code", async () => {
    const script = `
      curl -sS -f -H "authorization: Bearer $AIEM_TOKEN" "$AIEM_URL/v1/$AIEM_PARENT/processes"
      printf '\\377' >&2; exit 7`;
    const child = spawnCli(["serve", "--", "sh", "-c", script]);
    const [stdout, stderr, [code]] = await Promise.all([
      buffer(child.stdout),
      buffer(child.stderr),
      once(child, "close"),
    ]);
    expect(stderr).toEqual(Buffer.from([0xff]));
    expect(JSON.parse(stdout.toString())).toEqual({ processes: [], nextPageToken: "" });
    expect(code).toBe(7);
  });

  it("sets what a client and a login find it by, and takes away what would win over that", async () => {
    const script = "env | grep -E '^(AIEM|H2O)_' | cut -d= -f1 | sort";
    const env = {
      AIEM_URL: "https://another.example.com",
      H2O_CLOUD_DISCOVERY: "https://another.example.com",
      H2O_CLOUD_TOKEN_ENDPOINT_URL: "https://another.example.com",
    };
    const names = async (...options: string[]) => {
      const { stdout } = await cli(["serve", ...options, "--", "sh", "-c", script], { env });
      return stdout.trimEnd().split("\n");
    };
    const usual = [
      "AIEM_PARENT",
      "AIEM_TOKEN",
      "AIEM_URL",
      "H2O_CLOUD_CLIENT_PLATFORM_TOKEN",
      "H2O_CLOUD_ENVIRONMENT",
    ];
    expect(await names()).toEqual(usual);
    expect(await names("--control")).toEqual(
      ["AIEM_CONTROL_TOKEN", "AIEM_CONTROL_URL", ...usual].sort(),
    );
    const url = await cli(["serve", "--", "sh", "-c", "echo $AIEM_URL"], { env });
    expect(url.stdout).toMatch(/^http:\/\/127\.0\.0\.1:\d+\n$/);
  });

  it("hands on arguments as they were typed", async () => {
    const show = ["sh", "-c", 'printf "[%s]" "$0" "$@"'];
    for (const [args, expected] of [
      [["serve", "--", ...show, "--", "x", "-v", "--help"], "[--][x][-v][--help]"],
      [["serve", "--port", "0", ...show, "--json", ""], "[--json][]"],
    ] as const) {
      expect(await cli(args)).toMatchObject({ code: 0, stdout: expected, stderr: "" });
    }
  });

  it.each<[string, string[], number, RegExp]>([
    ["that succeeds", ["true"], 0, /^$/],
    ["killed by SIGKILL", ["sh", "-c", "kill -9 $$"], 137, /^$/],
    [
      "that does not exist",
      ["aiem-no-such-command"],
      127,
      /^aiem-process serve: aiem-no-such-command could not be started: not found\n$/,
    ],
    [
      "that cannot be executed",
      ["/"],
      126,
      /^aiem-process serve: \/ could not be started: .*EACCES\n$/,
    ],
  ])("ends as a shell would after a command %s", async (_title, command, code, stderr) => {
    const result = await cli(["serve", "--", ...command]);
    expect(result).toMatchObject({ code, stdout: "", stderr: expect.stringMatching(stderr) });
  });

  it("runs no command where it cannot listen", async () => {
    const marker = join(folder, "ran");
    const result = await cli([
      "serve",
      "--host",
      "192.0.2.1",
      "--user",
      "t=u",
      "--",
      "touch",
      marker,
    ]);
    expect(result).toMatchObject({ code: 1, stdout: "" });
    expect(existsSync(marker)).toBe(false);
  });

  it("leaves neither the command's processes in the engine nor the ready file behind", async () => {
    const readyFile = join(folder, "ready");
    const script = `
      cat ${readyFile}
      curl -sS -f -X POST -H "authorization: Bearer $AIEM_TOKEN" \\
        "$AIEM_URL/v1/$AIEM_PARENT/processes?autoRun=true&processId=left" \\
        -d '{"command": "sh", "args": ["-c", "echo $$ >${folder}/pid; sleep 5000"]}' >&2
      while [ ! -s ${folder}/pid ]; do sleep 0.05; done`;
    const { code, stdout, stderr } = await cli([
      "serve",
      "--ready-file",
      readyFile,
      "--",
      "sh",
      "-c",
      script,
    ]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: expect.stringContaining('/left"') });
    expect(JSON.parse(stdout)).toMatchObject({ token: expect.any(String) });
    expect(isAlive(Number(readFileSync(join(folder, "pid"), "utf8")))).toBe(false);
    expect(existsSync(readyFile)).toBe(false);
  });

  it.each<[NodeJS.Signals, number]>([
    ["SIGTERM", 5],
    ["SIGQUIT", 6],
  ])("forwards %s to the command, and ends with what it makes of it", async (signal, code) => {
    const child = spawnCli(["serve", "--", "sh", "-c", TELLS]);
    child.stdout.once("data", () => child.kill(signal));
    const { stdout, ...ended } = await resultOf(child);
    expect(ended).toMatchObject({ code, signal: null });
    expect(stdout).toBe(`ready\n${signal.slice(3)}\n`);
  });

  it("forwards INT and HUP once each where stdin is no terminal, and waits on", async () => {
    const child = spawnCli(["serve", "--", "sh", "-c", TELLS]);
    const closed = once(child, "close");
    let stdout = "";
    child.stdout.on("data", (data) => {
      stdout += data;
    });
    for (const [signal, seen] of [
      ["SIGINT", "ready\nINT\n"],
      ["SIGHUP", "ready\nINT\nHUP\n"],
      ["SIGTERM", "ready\nINT\nHUP\nTERM\n"],
    ] as const) {
      await expect.poll(() => stdout).toBe(seen.replace(/[A-Z]+\n$/, ""));
      child.kill(signal);
      await expect.poll(() => stdout).toBe(seen);
    }
    expect(await closed).toEqual([5, null]);
  });
});

const python = findPython()?.command ?? "";

describe.skipIf(python === "")("serve in a terminal", () => {
  function inTerminal(args: readonly string[]) {
    const home = mkdtempSync(join(folder, "home-"));
    const program = fileURLToPath(new URL("support/terminal.py", import.meta.url));
    const child = spawn(python, [program, process.execPath, inject("cli"), ...args], {
      env: { ...cleanEnvironment(home), TERM: "xterm" },
      stdio: ["pipe", "pipe", "inherit"],
    });
    onTestFinished(() => void child.kill("SIGKILL"));
    const shown = { text: "" };
    child.stdout.on("data", (data) => {
      shown.text += data;
    });
    return { child, shown, closed: once(child, "close") };
  }

  it("lets Ctrl-C and Ctrl-\\ reach the command once, and waits for it", async () => {
    const { child, shown, closed } = inTerminal(["serve", "--", "sh", "-c", TELLS]);
    await expect.poll(() => shown.text).toContain("ready");
    for (const count of [1, 2, 3]) {
      child.stdin.write("\x03");
      await expect.poll(() => shown.text.match(/INT/g)).toHaveLength(count);
    }
    child.stdin.write("\x1c");
    expect(await closed).toEqual([6, null]);
    expect(shown.text.match(/INT|QUIT/g)).toEqual(["INT", "INT", "INT", "QUIT"]);
  });

  it("forwards TERM to the command", async () => {
    const file = join(folder, "pid-of-serve");
    const script = `echo $PPID >${file}; ${TELLS}`;
    const { shown, closed } = inTerminal(["serve", "--", "sh", "-c", script]);
    await expect.poll(() => shown.text).toContain("ready");
    process.kill(Number(readFileSync(file, "utf8")), "SIGTERM");
    expect(await closed).toEqual([5, null]);
    expect(shown.text.match(/TERM/g)).toHaveLength(1);
  });

  it("ends 0 at Ctrl-C where it serves alone, and shows how to reach it on a terminal", async () => {
    const { child, shown, closed } = inTerminal(["serve"]);
    await expect.poll(() => shown.text).toMatch(/ready http\S+\r\n/);
    await expect
      .poll(() => shown.text)
      .toMatch(/export AIEM_URL=http:\S+ AIEM_TOKEN=\S+ AIEM_PARENT=workspaces\/\S+/);
    child.stdin.write("\x03");
    expect(await closed).toEqual([0, null]);
  });

  it("shows no token that was chosen", async () => {
    const { child, shown, closed } = inTerminal(["serve", "--user", "mine=users/me"]);
    await expect.poll(() => shown.text).toMatch(/ready http\S+\r\n/);
    child.stdin.write("\x03");
    await closed;
    expect(shown.text).not.toContain("mine");
  });
});
