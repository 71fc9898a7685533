import { execFile } from "node:child_process";
import { writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, it } from "vitest";
import { startStubServer } from "../../src/stub/index.js";
import { type Bundle, bundle } from "../support/bundle.js";
import { closing } from "../transport/support/cleanup.js";
import { listen } from "../transport/support/listen.js";

const run = promisify(execFile);

const PROGRAM = `
import { ProcessClient } from "./bundle.mjs";
const { aiemUrl, parent, tokens } = JSON.parse(process.argv[2]);
let current = 0;
const tokenProvider = ({ rejectedToken }) => {
  current = rejectedToken === tokens[0] ? 1 : current;
  return tokens[current];
};
const config = { aiemUrl, tokenProvider, contract: "built-in" };
const client = new ProcessClient(config, { retry: { baseDelayMs: 1 } });
const { stdout } = await client.runProcess(parent, {
  command: "printf",
  args: ["0123456789%s"],
  environmentVariables: { VALUE: "not-to-be-printed" },
});
process.stdout.write(stdout.text());
client.close();
`;

let built: Bundle;
beforeAll(async () => {
  built = await bundle("src/index.ts");
  writeFileSync(join(dirname(built.file), "program.mjs"), PROGRAM);
});
afterAll(() => built.remove());

async function printed(nodeDebug: string | undefined) {
  await using stub = await startStubServer();
  stub.faults.add({ method: "StreamOutput", fault: "reset", at: { bytes: 4 } });
  const tokens = ["a-token-that-is-refused", stub.token];
  const setup = { aiemUrl: stub.url, parent: stub.parent, tokens };
  const program = join(dirname(built.file), "program.mjs");
  const env = { ...process.env, NODE_DEBUG: nodeDebug };
  const { stdout, stderr } = await run(process.execPath, [program, JSON.stringify(setup)], { env });
  expect(stdout).toBe("0123456789");
  for (const secret of [...tokens, "not-to-be-printed"]) {
    expect(stderr).not.toContain(secret);
  }
  return { stderr, port: stub.port };
}

it("NODE_DEBUG=aiem prints attempts, connections, protocol and tokens, and no secret", async () => {
  const { stderr, port } = await printed("aiem");
  const lines = stderr.split("\n").map((line) => line.replace(/^AIEM \d+: /, ""));
  const process = "workspaces/default/sandboxEngines/local/processes/[0-9a-f-]+";
  const [ms, to] = ["[\\d.]+ ms", `127.0.0.1:${port}`];
  for (const expected of [
    `the token provider gave a first token`,
    `the token provider gave another token, after the server had refused the last one`,
    `attempt 1 of CreateProcess of ${process} begins, over auto to ${to}`,
    `attempt 1 of CreateProcess of ${process} failed \\(.*\\) after ${ms}`,
    `attempt 2 of CreateProcess of ${process} succeeded after ${ms}`,
    `attempt 1 of StreamOutput of ${process} begins, over grpc to ${to}`,
    `attempt 1 of StreamOutput of ${process} failed \\(.*\\) after ${ms}`,
    `StreamOutput of ${process}: another attempt in \\d+ ms \\(failures in a row: 1\\)`,
    `attempt 2 of StreamOutput of ${process} succeeded after ${ms}`,
    `the output of ${process} goes on, after 4 bytes that were sent again`,
    `connection \\d+, HTTP/2 to 127.0.0.1:${port}: opened after ${ms}`,
    `protocol grpc, numbers built-in: the server has answered`,
  ]) {
    expect(lines).toContainEqual(expect.stringMatching(new RegExp(`^${expected}$`)));
  }
});

it("it prints that a token was refreshed, and neither of the tokens", async () => {
  const endpoint = createServer((_request, response) => {
    response.setHeader("content-type", "application/json");
    const token = { access_token: "the-access-token", token_type: "Bearer", expires_in: 300 };
    response.end(JSON.stringify({ ...token, refresh_token: "the-next-refresh-token" }));
  });
  const { port } = closing(await listen(endpoint));
  const program = join(dirname(built.file), "refresh.mjs");
  writeFileSync(
    program,
    `import { refreshTokenProvider } from "./bundle.mjs";
     const provider = refreshTokenProvider({
       tokenEndpoint: "http://127.0.0.1:${port}/token",
       clientId: "client",
       refreshToken: "the-refresh-token",
     });
     console.log(await provider({ signal: new AbortController().signal }));`,
  );
  const env = { ...process.env, NODE_DEBUG: "aiem" };
  const { stdout, stderr } = await run(process.execPath, [program], { env });
  expect(stdout).toBe("the-access-token\n");
  expect(stderr).toMatch(
    new RegExp(`http://127.0.0.1:${port} gave a token, which expires in \\d+ s`),
  );
  expect(stderr).not.toMatch(/the-.*-token/);
});

it.each([undefined, "http2x"])("without it, nothing is printed (NODE_DEBUG=%s)", async (other) => {
  expect((await printed(other)).stderr).toBe("");
});
