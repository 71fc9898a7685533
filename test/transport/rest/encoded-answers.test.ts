import type { RequestListener } from "node:http";
import { brotliCompressSync, createGzip, deflateSync, gzipSync } from "node:zlib";
import { Code } from "@connectrpc/connect";
import { describe, expect, test } from "vitest";
import { Process_State } from "../../../src/gen.js";
import { failure } from "../support/failure.js";
import { PROCESS } from "../support/process-name.js";
import { answering, startEdge } from "./support/http-edge.js";

const name = PROCESS;
const CODINGS = [
  ["gzip", gzipSync],
  ["x-gzip", gzipSync],
  ["GZIP", gzipSync],
  ["deflate", deflateSync],
  ["br", brotliCompressSync],
] as const;

/** Answers with bytes in a content coding, cut in two. */
function encoded(coding: string, bytes: Uint8Array, status = 200): RequestListener {
  return (request, response) => {
    request.resume();
    response.writeHead(status, {
      "content-type": "application/json",
      "content-encoding": coding,
    });
    const half = Math.floor(bytes.length / 2);
    response.write(bytes.subarray(0, half));
    setImmediate(() => response.end(bytes.subarray(half)));
  };
}

const json = (body: unknown) => Buffer.from(JSON.stringify(body));
const line = (data: string) =>
  `{"result":{"stream":"OUTPUT_STREAM_STDOUT","data":"${Buffer.from(data).toString("base64")}"}}\n`;

describe.each(CODINGS)("an answer in %s, which was not asked for", (coding, compress) => {
  test("is read, and so is an error with its status", async () => {
    const process = { name, state: "STATE_RUNNING" };
    const { client, sockets } = await startEdge(encoded(coding, compress(json({ process }))));
    for (let i = 0; i < 3; i += 1) {
      const answer = await client.getProcess({ name });
      expect(answer.process?.state).toBe(Process_State.RUNNING);
    }
    expect(sockets.size).toBe(1);
    const status = { code: 5, message: "no such process", details: [] };
    const edge = await startEdge(encoded(coding, compress(json(status)), 404));
    await expect(edge.client.getProcess({ name })).rejects.toMatchObject(
      failure("NotFound", /^no such process$/),
    );
  });

  test("streams its output", async () => {
    const text = line("a".repeat(100_000)).repeat(20);
    const { client } = await startEdge(encoded(coding, compress(Buffer.from(text))));
    let bytes = 0;
    for await (const { data } of client.streamOutput({ name })) {
      bytes += data.length;
    }
    expect(bytes).toBe(2_000_000);
  });

  test("is given up where it becomes larger than readMaxBytes", async () => {
    const bomb = compress(Buffer.alloc(200_000_000, " "));
    const { client, sockets } = await startEdge(encoded(coding, bomb), { readMaxBytes: 1_000_000 });
    await expect(client.readOutput({ name })).rejects.toMatchObject(
      failure("ResourceExhausted", /^a message is larger than readMaxBytes 1000000/),
    );
    await expect.poll(() => sockets.size).toBe(0);
  });

  test("that is cut off is a lost connection", async () => {
    const whole = compress(json({ process: { name, args: ["x", "y", "z"] } }));
    const { client, sent } = await startEdge(encoded(coding, whole.subarray(0, -4)));
    await expect(client.getProcess({ name })).rejects.toMatchObject(
      failure("Unavailable", /^connection lost: .* made a premature end of its answer$/),
    );
    expect(sent.at(-1)?.failure?.kind).toBe("lost");
  });

  test("that is none names the encoding, and keeps the status of an error", async () => {
    const text = Buffer.from('{"process":{}} and no more than that');
    const { client } = await startEdge(encoded(coding, text));
    const told = new RegExp(
      `cannot be read: its content encoding is "${coding}", and it is none \\(.*\\); none was asked`,
    );
    await expect(client.getProcess({ name })).rejects.toMatchObject(failure("Internal", told));
    const busy = await startEdge(encoded(coding, text, 503));
    await expect(busy.client.getProcess({ name })).rejects.toMatchObject(
      failure("Unavailable", told),
    );
  });
});

test.each(["gzip", "deflate", "br"])(
  "an error without a body keeps its status, though it says to be %s",
  async (coding) => {
    const { client } = await startEdge((request, response) => {
      request.resume();
      response.writeHead(401, { "content-encoding": coding, "content-length": 0 }).end();
    });
    await expect(client.getProcess({ name })).rejects.toMatchObject({ code: Code.Unauthenticated });
  },
);

test("a line of a stream that is another's status does not end the output well", async () => {
  const { client } = await startEdge((request, response) => {
    request.resume();
    response.writeHead(200, { "content-type": "application/json" });
    response.end(`${line("first")}{"code":14,"message":"upstream reset"}\n`);
  });
  const read = async () => {
    for await (const { data } of client.streamOutput({ name })) {
      expect(Buffer.from(data).toString()).toBe("first");
    }
  };
  await expect(read()).rejects.toMatchObject(failure("Internal", /neither a result nor an error$/));
});

test("what a compressed stream has flushed is there at once", async () => {
  let end = () => {};
  const { client } = await startEdge((request, response) => {
    request.resume();
    response.writeHead(200, { "content-type": "application/json", "content-encoding": "gzip" });
    const gzip = createGzip();
    gzip.pipe(response);
    gzip.write(line("first"));
    gzip.flush();
    end = () => gzip.end(line("last"));
  });
  const output: string[] = [];
  for await (const { data } of client.streamOutput({ name })) {
    output.push(Buffer.from(data).toString());
    end();
  }
  expect(output).toEqual(["first", "last"]);
});

test.each(["zstd", "gzip, br"])("an answer in %s, which is not known, names it", async (coding) => {
  const { client, sent } = await startEdge(encoded(coding, Buffer.from("??")));
  const told = new RegExp(`its content encoding is "${coding}", which is not known here`);
  await expect(client.getProcess({ name })).rejects.toMatchObject(failure("Internal", told));
  expect(sent.at(-1)?.failure?.kind).toBe("unreadable");
  const missing = await startEdge(encoded(coding, Buffer.from("??"), 404));
  await expect(missing.client.getProcess({ name })).rejects.toMatchObject(
    failure("Unimplemented", told),
  );
});

test("no encoding, and one that is empty, is none", async () => {
  for (const coding of ["identity", ""]) {
    const { client } = await startEdge(encoded(coding, json({ process: { name } })));
    expect((await client.getProcess({ name })).process?.name).toBe(name);
  }
});

test("a byte order mark before the JSON is ignored", async () => {
  const { client } = await startEdge(answering(`\ufeff${json({ process: { name } })}`));
  expect((await client.getProcess({ name })).process?.name).toBe(name);
  const status = JSON.stringify({ code: 5, message: "gone", details: [] });
  const edge = await startEdge(answering(`\ufeff${status}`, { status: 404 }));
  await expect(edge.client.getProcess({ name })).rejects.toMatchObject({ code: Code.NotFound });
});

test("times in lower case are read, and one that is empty is not set", async () => {
  const process = {
    name,
    createTime: "2026-01-02t03:04:05.5z",
    start_time: "2026-01-02t03:04:05+01:00",
    endTime: "",
  };
  const { client } = await startEdge(answering({ process }));
  const answer = await client.getProcess({ name });
  expect(answer.process?.createTime?.nanos).toBe(500_000_000);
  expect(answer.process?.startTime?.seconds).toBe(BigInt(Date.UTC(2026, 0, 2, 2, 4, 5) / 1000));
  expect(answer.process?.endTime).toBeUndefined();
  const list = await startEdge(answering({ processes: [process, process], nextPageToken: "" }));
  const listed = await list.client.listProcesses({ parent: "workspaces/w/sandboxEngines/e" });
  expect(listed.processes.map(({ createTime }) => createTime?.nanos)).toEqual([5e8, 5e8]);
});

test("a time that is none is still an error", async () => {
  const { client } = await startEdge(answering({ process: { name, createTime: "yesterday" } }));
  await expect(client.getProcess({ name })).rejects.toMatchObject(failure("Internal", /Timestamp/));
});
