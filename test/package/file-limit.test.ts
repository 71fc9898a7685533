import { spawn } from "node:child_process";
import { text } from "node:stream/consumers";
import { expect, inject, it } from "vitest";

const { consumer } = inject("packed");

// The limit is one that all modules of a program can be loaded with.
it.each([
  ["aiemUrl", `{ contract: "built-in", aiemUrl }, { protocol: "grpc", retry: false }`],
  ["aiemUrl", `{ contract: "built-in", aiemUrl }, { protocol: "rest", retry: false }`],
  ["aiemUrl", `{ contract: "built-in", aiemUrl }, { protocol: "connect", retry: false }`],
  [
    "aiemUrl",
    `{ contract: "built-in", aiemUrl }, { protocol: "connect", httpVersion: "1.1", retry: false }`,
  ],
  [
    "sslCaCert",
    `{ contract: "built-in", aiemUrl: "https://127.0.0.1:9" }, { sslCaCert: "/ca.pem", retry: false }`,
  ],
])("a program that can open no more files is told so (%s, %s)", async (_, options) => {
  const program = `
    import { openSync } from "node:fs";
    import { ProcessClient } from "aiem-process-client";
    const aiemUrl = "http://127.0.0.1:9";
    const name = "workspaces/w/sandboxEngines/e/processes/p";
    await new ProcessClient(${options}).getProcess(name).catch(String);
    const client = new ProcessClient(${options});
    try {
      for (;;) openSync("/dev/null", "r");
    } catch {}
    console.log(await client.getProcess(name).catch(String));`;
  const run = `ulimit -n 400; exec "$0" --input-type=module --eval "$1"`;
  const child = spawn("sh", ["-c", run, process.execPath, program], {
    cwd: consumer,
    stdio: ["ignore", "pipe", "ignore"],
  });
  expect(await text(child.stdout)).toMatch(
    /^ConnectError: \[unavailable\] GetProcess of .*: this process has as many files .* \(EMFILE\); raise the limit of open files \(ulimit -n\)/,
  );
});
