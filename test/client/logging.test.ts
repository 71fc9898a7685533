import { inspect } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ProcessClient, type ProcessResult, type ProcessSpec } from "../../src/index.js";
import { type StubServer, startStubServer } from "../../src/stub/index.js";
import { PROTOCOLS } from "../transport/support/protocols.js";

const SECRET = "not-to-be-shown";
const spec = (script: string): ProcessSpec => ({
  command: "sh",
  args: ["-c", script],
  environmentVariables: { TOKEN: SECRET },
});

let stub: StubServer;
beforeAll(async () => {
  stub = await startStubServer();
});
afterAll(() => stub.close());

/** All the ways in which a value gets into a log. */
const logged = (value: unknown) => ({
  text: `${value}`,
  json: JSON.stringify(value),
  inspected: inspect(value),
  deep: inspect([{ value }], { depth: null, showHidden: true, colors: true }),
});

describe.each(PROTOCOLS)("what is logged over $protocol, HTTP/$httpVersion", (options) => {
  const run = async <T>(use: (client: ProcessClient) => Promise<T>) => {
    const client = new ProcessClient(stub.connection, options);
    try {
      return await use(client);
    } finally {
      client.close();
    }
  };

  it("of a result is small, has its text, and no value of the environment", async () => {
    const result: ProcessResult = await run((client) =>
      client.runProcess(stub.parent, spec("echo written; echo oops >&2; exit 3")),
    );
    const { text, json, inspected, deep } = logged(result);
    expect(text).toBe(
      `process ${result.process.name} ended in STATE_FAILED with exit code 3: 8 bytes on stdout, 5 on stderr`,
    );
    expect(JSON.parse(json)).toMatchObject({
      process: { name: result.process.name, command: "sh", exitCode: 3 },
      ok: false,
      stdout: "written\n",
      stderr: "oops\n",
    });
    for (const shown of [inspected, deep]) {
      expect(shown).toContain("written\\n");
      expect(shown).toContain("TOKEN");
    }
    expect(text + json + inspected + deep).not.toContain(SECRET);
    expect(inspect(result)).toMatch(/stdout: CapturedOutput\(8\) 'written\\n'/);
  });

  it("of a large result is small", async () => {
    const result = await run((client) =>
      client.runProcess(stub.parent, spec("yes | head -c 8000000; head -c 8000000 /dev/zero >&2")),
    );
    expect(result.stdout.totalBytes).toBe(8_000_000);
    for (const shown of Object.values(logged(result))) {
      expect(shown.length).toBeLessThan(50_000);
    }
    expect(`${result.stderr}`).toMatch(/^\[8000000 bytes that are not text: 00 00/);
  });

  it("of chunks and frames is their text", async () => {
    await run(async (client) => {
      const { name } = await client.createProcess(stub.parent, spec("echo chunk"), {
        autoRun: true,
      });
      for await (const chunk of client.streamOutput(name)) {
        expect(`${chunk}`).toBe("chunk\n");
        expect(inspect(chunk)).toContain("'chunk\\n'");
        expect(JSON.stringify(chunk)).toBe(
          '{"stream":"OUTPUT_STREAM_STDOUT","data":"chunk\\n","offset":0}',
        );
      }
      await client.waitProcess(name);
      expect(JSON.stringify(await client.readOutputFrames(name))).toBe(
        '[{"stream":"OUTPUT_STREAM_STDOUT","data":"chunk\\n"}]',
      );
    });
  });

  it("of a process hides its environment from inspection, and keeps it in its JSON", async () => {
    const process = await run((client) =>
      client.createProcess(stub.parent, { ...spec(""), args: ["x".repeat(100_000)] }),
    );
    const { text, json, inspected, deep } = logged(process);
    expect(text + inspected + deep).not.toContain(SECRET);
    expect(inspected).toContain("TOKEN: '(hidden)'");
    expect(inspected.length).toBeLessThan(5_000);
    expect(JSON.parse(json)).toMatchObject({ environmentVariables: { TOKEN: SECRET } });
    expect(structuredClone(process).environmentVariables["TOKEN"]).toBe(SECRET);
    const { processes } = await run((client) => client.listProcesses(stub.parent));
    expect(inspect(processes, { depth: null })).not.toContain(SECRET);
  });
});
