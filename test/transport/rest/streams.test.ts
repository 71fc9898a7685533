import { Code } from "@connectrpc/connect";
import { describe, expect, test } from "vitest";
import { failure } from "../support/failure.js";
import { PROCESS } from "../support/process-name.js";
import { answering, startEdge, startRawEdge } from "./support/http-edge.js";

const name = PROCESS;
const HEAD = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n";

/** A line of a stream with these bytes, and with what no field of ours knows. */
function line(data: string, comment = "é😀"): string {
  return `${JSON.stringify({ result: { stream: "OUTPUT_STREAM_STDOUT", data: Buffer.from(data).toString("base64"), comment } })}\n`;
}

function chunk(bytes: string | Buffer): Buffer {
  const body = Buffer.from(bytes);
  return Buffer.concat([Buffer.from(`${body.length.toString(16)}\r\n`), body, Buffer.from("\r\n")]);
}

async function follow(
  { client, sent }: Pick<Awaited<ReturnType<typeof startEdge>>, "client" | "sent">,
  onChunk = () => {},
) {
  let text = "";
  let error: unknown;
  try {
    for await (const { data } of client.streamOutput({ name })) {
      text += Buffer.from(data).toString();
      onChunk();
    }
  } catch (reason) {
    error = reason;
  }
  return { text, error, call: sent.at(-1) };
}

test("lines come whole, wherever they were cut", async () => {
  const bytes = Buffer.from(line("one") + line("two") + line("three"));
  let cut = 0;
  const edge = await startRawEdge((socket) => {
    socket.write(`${HEAD}transfer-encoding: chunked\r\n\r\n`);
    socket.write(chunk(bytes.subarray(0, cut)).subarray(cut === 0 ? 5 : 0));
    setImmediate(() => {
      socket.write(chunk(bytes.subarray(cut)));
      socket.write("0\r\n\r\n");
    });
  });
  for (cut = 0; cut < bytes.length; cut++) {
    expect(await follow(edge), `cut at ${cut}`).toMatchObject({
      text: "onetwothree",
      error: undefined,
    });
  }
  expect(edge.sockets.size).toBe(1);
});

test("they may come byte by byte, in one piece, without a last line feed, or with blank lines", async () => {
  const text = line("a") + line("b");
  for (const parts of [
    [...Buffer.from(text)].map((byte) => Buffer.of(byte)),
    [Buffer.from(text)],
    [Buffer.from(text.trimEnd())],
    [Buffer.from(`\n${text}\n\n`)],
  ]) {
    const edge = await startRawEdge((socket) => {
      socket.write(`${HEAD}transfer-encoding: chunked\r\n\r\n`);
      socket.write(Buffer.concat([...parts.map(chunk), Buffer.from("0\r\n\r\n")]));
    });
    expect(await follow(edge)).toMatchObject({ text: "ab", error: undefined });
  }
});

test("a line may be as long as a message, and no longer", async () => {
  const options = { readMaxBytes: 3_000_000 };
  const fits = await startEdge(answering(line("x".repeat(3_000_000))), options);
  expect((await follow(fits)).text).toHaveLength(3_000_000);
  const many = await startEdge(answering(line("x".repeat(1_000_000)).repeat(6)), options);
  expect((await follow(many)).text).toHaveLength(6_000_000);
  const larger = await startEdge(answering(line("x".repeat(3_010_000))), options);
  expect((await follow(larger)).error).toMatchObject(
    failure("ResourceExhausted", /^a message is larger than readMaxBytes 3000000/),
  );
});

test("what is null in a line is not there", async () => {
  const lines = `${line("a").slice(0, -2)},"error":null}\n{"result":null,"error":{"code":5}}\n`;
  const { text, error } = await follow(await startEdge(answering(lines)));
  expect(text).toBe("a");
  expect(error).toMatchObject({ code: Code.NotFound });
});

test("blank lines are skipped, a byte order mark is ignored, and a line without a result is empty", async () => {
  for (const text of [
    `\r\n${line("a").trimEnd()}\r\n\r\n \t\n${line("b")}\r\n`,
    `\ufeff${line("a")}${line("b")}`,
    `\ufeff\n${line("a")}${line("b")}\r`,
    `{}\n${line("a")}{"result":null}\n{"result":{}}\r\n${line("b")}{}`,
  ]) {
    const { text: output, error } = await follow(await startEdge(answering(text)));
    expect({ output, error }, JSON.stringify(text)).toEqual({ output: "ab", error: undefined });
  }
});

test("an error line ends the stream with the service's word", async () => {
  const error = JSON.stringify({ error: { code: 8, message: "too slow", details: [] } });
  const edge = await startEdge(answering(`${line("a")}${error}\n${line("b")}`));
  const { text, error: thrown, call } = await follow(edge);
  expect(text).toBe("a");
  expect(thrown).toMatchObject(failure("ResourceExhausted", /^too slow$/));
  expect(call?.failure?.kind).toBe("status");
});

test.each([
  ["no JSON", "{\n", /a line of the stream is not a JSON object$/],
  ["an array", "[]\n", /a line of the stream is not a JSON object$/],
  ["an error without a code", '{"error":{"message":"?"}}\n', /an error without a code of gRPC$/],
  ["an error of another API", '{"error":"?"}\n', /an error without a code of gRPC$/],
  ["a result that is none", '{"result":"?"}\n', /it is JSON, but not an object$/],
])("a line with %s cannot be read", async (_, text, message) => {
  const edge = await startEdge(answering(line("a") + text));
  const { text: before, error } = await follow(edge);
  expect(before).toBe("a");
  expect(error).toMatchObject(failure("Internal", message));
});

test("the last chunk is an end, however the coding is written", async () => {
  const edge = await startRawEdge((socket) => {
    socket.write(`${HEAD}Transfer-Encoding: gzip,Chunked \r\n\r\n`);
    socket.end(Buffer.concat([chunk(line("a")), Buffer.from("0\r\n\r\n")]));
  });
  expect(await follow(edge)).toMatchObject({ text: "a", error: undefined });
});

describe("an end that is none is a lost connection:", () => {
  test.each([
    ["in the middle of a chunk", (text: string) => chunk(text).subarray(0, -8)],
    ["after a chunk, without a last one", (text: string) => chunk(text)],
    [
      "before the last line break of the last chunk",
      (text: string) => Buffer.concat([chunk(text), Buffer.from("0\r\n")]),
    ],
  ])("%s", async (_, bytes) => {
    for (const how of ["FIN", "RST"]) {
      let goAway = () => {};
      const edge = await startRawEdge((socket) => {
        socket.write(`${HEAD}transfer-encoding: chunked\r\n\r\n`);
        socket.write(bytes(line("a") + line("b")));
        goAway = () => (how === "FIN" ? socket.end() : socket.resetAndDestroy());
      });
      const { text, error, call } = await follow(edge, () => goAway());
      expect(["a", "ab"]).toContain(text);
      expect(error).toMatchObject(
        failure("Unavailable", /^connection lost: .* closed it in the middle of an answer$/),
      );
      expect(call).toMatchObject({
        attempt: { evidence: { answered: true } },
        failure: { kind: "lost" },
      });
    }
  });

  test("fewer bytes than content-length", async () => {
    const edge = await startRawEdge((socket) =>
      socket.end(`${HEAD}content-length: 10000\r\n\r\n${line("a")}`),
    );
    expect(await follow(edge)).toMatchObject({
      text: "a",
      error: failure("Unavailable", /^connection lost: .* in the middle of an answer$/),
    });
  });

  test.each(["", "transfer-encoding: identity\r\n", "Transfer-Encoding: chunked, gzip\r\n"])(
    "the connection's own end, after whole lines (%j)",
    async (header) => {
      const edge = await startRawEdge((socket) =>
        socket.end(`${HEAD}${header}\r\n${line("a")}${line("b")}`),
      );
      expect(await follow(edge)).toMatchObject({
        text: "ab",
        error: failure("Unavailable", /^connection lost: .* made a premature end of its answer$/),
      });
    },
  );

  test("half a line, though HTTP says that all is there", async () => {
    const edge = await startEdge(answering(line("a") + line("b").slice(0, 20)));
    expect(await follow(edge)).toMatchObject({
      text: "a",
      error: failure("Unavailable", /^connection lost: .* made a premature end of its answer$/),
    });
  });
});

test("a reader that pauses holds the server back, and loses nothing when the server goes away", async () => {
  let written = 0;
  const lines = 400;
  const text = line("x".repeat(75_000));
  const edge = await startEdge(async (_, response) => {
    response.writeHead(200, { "content-type": "application/json", connection: "close" });
    for (let i = 0; i < lines; i++) {
      written += 1;
      if (!response.write(text)) {
        await new Promise((resolve) => response.once("drain", resolve));
      }
    }
    response.end();
  });
  const follower = edge.client.streamOutput({ name })[Symbol.asyncIterator]();
  await follower.next();
  const settled = async () => {
    const before = written;
    await new Promise((resolve) => setTimeout(resolve, 100));
    return written === before;
  };
  await expect.poll(settled).toBe(true);
  expect(written).toBeLessThan(lines);
  let received = 1;
  while (!(await follower.next()).done) {
    received += 1;
  }
  expect(received).toBe(lines);
});

test.each(["FIN", "RST"])(
  "a server that goes away (%s) while the reader pauses is no more than a lost connection",
  async (how) => {
    let goAway = () => {};
    const edge = await startRawEdge((socket) => {
      socket.write(`${HEAD}connection: close\r\ntransfer-encoding: chunked\r\n\r\n`);
      socket.write(chunk(line("x".repeat(60_000)).repeat(10)));
      goAway = () => (how === "FIN" ? socket.end() : socket.resetAndDestroy());
    });
    const follower = edge.client.streamOutput({ name })[Symbol.asyncIterator]();
    await follower.next();
    goAway();
    await new Promise((resolve) => setTimeout(resolve, 100));
    const rest = async () => {
      while (!(await follower.next()).done) {}
    };
    await expect(rest()).rejects.toMatchObject(failure("Unavailable", /^connection lost: /));
  },
);
