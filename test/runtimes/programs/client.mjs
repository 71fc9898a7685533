/**
 * What a client must be able to do in every runtime. Writes a line of JSON for each case that fails
 * and one at the end, and ends by itself: a client that is closed keeps no program alive.
 *
 * Usage: client.mjs JSON, with `url`, `token`, `parent`, the client's `options`, and the name of the `run`.
 */
import assert from "node:assert/strict";
import { Writable } from "node:stream";
import { crc32 } from "node:zlib";
import { Code, ProcessClient, WaitTimeoutError } from "aiem-process-client";

const OUTPUT_BYTES = 3_000_000;
const CASE_MS = 20_000;

const { url, token, parent, options, run: runName } = JSON.parse(process.argv[2] ?? "");
/** @type {string[]} */
const resumed = [];
/** @type {string[]} */
const retried = [];
const client = new ProcessClient(
  { aiemUrl: url, tokenProvider: token },
  {
    ...options,
    onResume: (event) => resumed.push(event.resource),
    onRetry: (event) => retried.push(`${event.method}: ${event.error}`),
  },
);

/** The process's output: every number from 1 up, one a line. */
const NUMBERS = { command: "sh", args: ["-c", `seq 1 500000 | head -c ${OUTPUT_BYTES}`] };
const lines = [];
for (let n = 1, bytes = 0; bytes < OUTPUT_BYTES; n += 1) {
  lines.push(String(n));
  bytes += String(n).length + 1;
}
const EXPECTED = Buffer.from(lines.join("\n")).subarray(0, OUTPUT_BYTES);
const CRC = crc32(EXPECTED);
const FOREVER = { command: "sleep", args: ["600"] };

/**
 * @param {import("aiem-process-client").ProcessSpec} spec
 * @param {string} [processId]
 */
const start = (spec, processId) =>
  client
    .createProcess(parent, spec, { autoRun: true, ...(processId ? { processId } : {}) })
    .then(({ name }) => name);

/** @param {AsyncIterable<import("aiem-process-client").OutputChunk>} output */
async function crcOf(output, seen = 0, crc = 0) {
  let bytes = seen;
  let sum = crc;
  for await (const { data, stream } of output) {
    assert.equal(stream, "OUTPUT_STREAM_STDOUT");
    bytes += data.length;
    sum = crc32(data, sum);
  }
  assert.equal(bytes, OUTPUT_BYTES);
  assert.equal(sum, CRC);
}

/**
 * @param {Promise<unknown>} promise
 * @returns {Promise<any>}
 */
async function rejection(promise) {
  try {
    await promise;
  } catch (error) {
    return error;
  }
  throw new Error("nothing was thrown");
}

const cases = {
  async "a process is created, listed and waited for"() {
    const name = await start({ command: "sh", args: ["-c", "echo out; echo err >&2; exit 9"] });
    const ended = await client.waitProcess(name);
    assert.equal(ended.state, "STATE_FAILED");
    assert.equal(ended.exitCode, 9);
    assert.deepEqual(await client.getProcess(name), ended);
    const { processes } = await client.listProcesses(parent);
    assert.ok(processes.some((process) => process.name === name));
    assert.equal(Buffer.from(await client.readOutput(name)).toString().length, 8);
    assert.equal((await client.readOutputFrames(name)).length, 2);
  },
  async "a process that is created is started later"() {
    const { name, state } = await client.createProcess(parent, { command: "true" });
    assert.equal(state, "STATE_PENDING");
    await client.startProcess(name);
    assert.equal((await client.waitProcessByPolling(name)).exitCode, 0);
  },
  async "3 MB come by streamOutput"() {
    await crcOf(client.streamOutput(await start(NUMBERS)));
  },
  async "3 MB come by streamLines"() {
    let count = 0;
    let sum = 0;
    for await (const { line } of client.streamLines(await start(NUMBERS))) {
      sum = crc32(count === 0 ? line : `\n${line}`, sum);
      count += 1;
    }
    assert.equal(sum, CRC);
  },
  async "3 MB come by pipeOutput into a slow sink"() {
    let sum = 0;
    const stdout = new Writable({
      highWaterMark: 1024,
      write(chunk, _, callback) {
        sum = crc32(chunk, sum);
        setImmediate(callback);
      },
    });
    await client.pipeOutput(await start(NUMBERS), { stdout });
    assert.equal(sum, CRC);
  },
  async "3 MB come by runProcess, and by readOutput"() {
    const { process: ended, stdout, ok } = await client.runProcess(parent, NUMBERS);
    assert.equal(ok, true);
    assert.equal(crc32(stdout.bytes()), CRC);
    assert.equal(crc32(await client.readOutput(ended.name)), CRC);
  },
  async "many follow at once"() {
    const name = await start(NUMBERS);
    await Promise.all(Array.from({ length: 8 }, () => crcOf(client.streamOutput(name))));
  },
  async "a follower that does not read holds nobody up, and gets all of it later"() {
    const name = await start(NUMBERS);
    const stalled = await Promise.all(
      Array.from({ length: 5 }, async () => {
        const output = client.streamOutput(name)[Symbol.asyncIterator]();
        const { value } = await output.next();
        assert.ok(value);
        return { output, bytes: value.data.length, crc: crc32(value.data) };
      }),
    );
    await crcOf(client.streamOutput(name));
    await client.getProcess(name);
    for (const { output, bytes, crc } of stalled) {
      await crcOf({ [Symbol.asyncIterator]: () => output }, bytes, crc);
    }
  },
  async "output goes on after a cut"() {
    await crcOf(client.streamOutput(await start(NUMBERS, `cut-${runName}`)));
    assert.equal(resumed.length, 1);
  },
  async "a create whose answer is lost makes one process"() {
    const name = await start({ command: "true" }, `lost-${runName}`);
    assert.equal((await client.waitProcess(name)).exitCode, 0);
  },
  async "a signal whose answer is lost is sent once"() {
    const script = "trap 'echo hit' USR1; echo ready; while :; do sleep 0.05; done";
    const name = await start({ command: "sh", args: ["-c", script] }, `signalled-${runName}`);
    const lines = client.streamLines(name)[Symbol.asyncIterator]();
    await lines.next();
    await rejection(client.sendSignal(name, "SIGUSR1"));
    // The shell itself says on stderr what became of its sleep.
    while ((await lines.next()).value?.stream === "OUTPUT_STREAM_STDERR") {}
    await lines.return?.();
    await client.terminateProcess(name);
    const output = await client.readOutput(name, { outputStream: "OUTPUT_STREAM_STDOUT" });
    assert.equal(Buffer.from(output).toString(), "ready\nhit\n");
  },
  async "a signal ends a process"() {
    const name = await start(FOREVER);
    await client.sendSignal(name, "SIGINT");
    assert.equal((await client.waitProcess(name)).exitCode, 130);
    assert.equal((await client.terminateProcess(await start(FOREVER))).exitCode, 143);
  },
  async "a wait ends at its limit, and at an abort, with its reason"() {
    const name = await start(FOREVER);
    const late = await rejection(client.waitProcess(name, { timeoutMs: 300 }));
    assert.ok(late instanceof WaitTimeoutError);
    const abort = new AbortController();
    const reason = new Error("no longer");
    const waits = [
      rejection(client.waitProcess(name, { signal: abort.signal })),
      rejection(crcOf(client.streamOutput(name, { signal: abort.signal }))),
      rejection(client.runProcess(parent, FOREVER, { signal: abort.signal })),
    ];
    setTimeout(() => abort.abort(reason), 300);
    for (const error of await Promise.all(waits)) {
      assert.equal(error, reason);
    }
  },
  async "a stream is left while it waits"() {
    const name = await start({ command: "sh", args: ["-c", "echo one; exec sleep 600"] });
    for await (const { data } of client.streamOutput(name)) {
      assert.equal(Buffer.from(data).toString(), "one\n");
      break;
    }
    const output = client.streamOutput(name)[Symbol.asyncIterator]();
    await output.next();
    const pending = output.next();
    await output.return?.();
    assert.equal((await pending).done, true);
  },
  async "a refusal has its code and its words"() {
    const error = await rejection(client.getProcess(`${parent}/processes/missing`));
    assert.equal(error.code, Code.NotFound);
    assert.match(error.message, /missing/);
  },
  async "close ends what is open"() {
    const name = await start(FOREVER);
    const open = [rejection(client.waitProcess(name)), rejection(crcOf(client.streamOutput(name)))];
    await client.getProcess(name);
    client.close();
    for (const error of await Promise.all(open)) {
      assert.match(error.message, /client was closed/);
    }
  },
};

let passed = 0;
let failed = 0;
for (const [title, run] of Object.entries(cases)) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`not done after ${CASE_MS} ms`)), CASE_MS);
  });
  try {
    await Promise.race([run(), late]);
    passed += 1;
  } catch (error) {
    failed += 1;
    const told = error instanceof Error ? error.stack : String(error);
    console.log(JSON.stringify({ failed: title, error: told, retried }));
  } finally {
    clearTimeout(timer);
  }
}
client.close();
console.log(JSON.stringify({ passed, of: Object.keys(cases).length }));
process.exitCode = failed === 0 ? 0 : 1;
