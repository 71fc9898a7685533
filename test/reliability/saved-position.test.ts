import { describe, expect, it } from "vitest";
import { type OutputChunk, OutputGapError, type OutputPosition } from "../../src/index.js";
import { startStubServer } from "../../src/stub/index.js";
import { collect } from "../support/collect.js";
import { fixture } from "../support/commands.js";
import { joined } from "../support/output.js";
import { rejection } from "../support/rejection.js";
import { difference, truthOf } from "./support/truth.js";
import { clientVia, WAYS } from "./support/ways.js";

const AUTO_RUN = { autoRun: true };

describe.each(WAYS)("a position saved as JSON, over $protocol and HTTP/$httpVersion", (way) => {
  it("is where another client goes on, each with its share, over a restart of the server", async () => {
    await using stub = await startStubServer();
    await using direct = clientVia(stub, stub, way);
    const spec = fixture("both-streams.js", "500000");
    const { name } = await direct.createProcess(stub.parent, spec, AUTO_RUN);
    const chunks: OutputChunk[] = [];
    let saved = "";
    let clients = 0;
    for (let ended = false; !ended; ) {
      await using client = clientVia(stub, stub, way);
      clients += 1;
      const resumeFrom: OutputPosition | undefined = saved === "" ? undefined : JSON.parse(saved);
      const output = client.streamOutput(name, { resumeFrom });
      ended = true;
      for await (const chunk of output) {
        const before = joined(chunks, chunk.stream).length;
        expect(chunk.offset).toBe(before);
        chunks.push(chunk);
        saved = JSON.stringify(output.position);
        if (chunks.length % 2 === 0) {
          ended = false;
          break;
        }
      }
      await stub.stop();
      await stub.listen();
    }
    expect(clients).toBeGreaterThan(3);
    expect(difference(chunks, await truthOf(direct, name))).toBeUndefined();
  });

  it("of a finished output brings nothing more", async () => {
    await using stub = await startStubServer();
    await using client = clientVia(stub, stub, way);
    const spec = fixture("ticks.js", "3");
    const { name } = await client.createProcess(stub.parent, spec, AUTO_RUN);
    const output = client.streamOutput(name);
    await collect(output);
    const resumeFrom: OutputPosition = JSON.parse(JSON.stringify(output.position));
    expect(await collect(client.streamOutput(name, { resumeFrom }))).toEqual([]);
  });

  it("of another process is an OutputGapError", async () => {
    await using stub = await startStubServer();
    await using client = clientVia(stub, stub, way);
    const names = await Promise.all(
      ["a", "b"].map(async (word) => {
        const spec = { command: "/bin/echo", args: [word] };
        return (await client.createProcess(stub.parent, spec, AUTO_RUN)).name;
      }),
    );
    const output = client.streamOutput(names[0] ?? "");
    await collect(output);
    const other = client.streamOutput(names[1] ?? "", { resumeFrom: output.position });
    const error = await rejection(collect(other));
    expect(error).toBeInstanceOf(OutputGapError);
    expect(error).toMatchObject({ stream: "OUTPUT_STREAM_STDOUT", fromByte: 0, toByte: 2 });
  });
});
