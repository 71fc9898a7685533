import { describe, expect, it } from "vitest";
import type { OutputLine, ProcessSpec, StreamLinesOptions } from "../../../src/index.js";
import { collect } from "../../support/collect.js";
import { fixture, shell } from "../../support/commands.js";
import { rejection } from "../../support/rejection.js";
import type { ContractTarget } from "../contract-target.js";
import { useTarget } from "./use-target.js";

/** Output by lines. */
export function defineLines(target: ContractTarget): void {
  describe.concurrent("output by lines", () => {
    const open = useTarget(target);
    const linesOf = async (spec: ProcessSpec, options?: StreamLinesOptions) => {
      const { client, parent } = open();
      const { name } = await client.createProcess(parent, spec, { autoRun: true });
      return collect(client.streamLines(name, options));
    };
    const stdout = (line: string, continues = false): OutputLine => {
      return { stream: "OUTPUT_STREAM_STDOUT", line, continues };
    };

    it("has no terminators, keeps empty lines, and ends with a line that was not ended", async () => {
      const lines = await linesOf(shell("printf 'one\\r\\ntwo\\n\\n \\nlone\\rreturn\\nlast'"));
      expect(lines.map(({ line }) => line)).toEqual([
        "one",
        "two",
        "",
        " ",
        "lone\rreturn",
        "last",
      ]);
      expect(lines.every(({ continues }) => !continues)).toBe(true);
    });

    it("is whole, though a line, a CR LF or a character is split over chunks", async () => {
      expect(await linesOf(fixture("split-utf8.js"))).toEqual([stdout("grüß 🎈")]);
      const script =
        "for part in 'li' 'ne\\r' '\\nne' 'xt\\n'; do printf \"$part\"; sleep 0.05; done";
      expect(await linesOf(shell(script))).toEqual([stdout("line"), stdout("next")]);
    });

    it("tells the streams apart, though their lines are split in each other", async () => {
      const script = "printf a; printf A >&2; sleep 0.05; printf 'b\\n'; printf 'B\\n' >&2";
      const lines = await linesOf(shell(script));
      expect(lines).toHaveLength(2);
      expect(lines).toContainEqual(stdout("ab"));
      expect(lines).toContainEqual({ ...stdout("AB"), stream: "OUTPUT_STREAM_STDERR" });
    });

    it("comes in pieces where a line is too long, no character split", async () => {
      const pieces = await linesOf(shell("printf '0123456789abcde\\nshort\\n0123456789\\n'"), {
        maxLineBytes: 10,
      });
      expect(pieces).toEqual([
        stdout("0123456789", true),
        stdout("abcde"),
        stdout("short"),
        stdout("0123456789"),
      ]);
      const text = "€".repeat(50);
      const split = await linesOf(shell(`printf '${text}\\n'`), { maxLineBytes: 10 });
      expect(split.length).toBeGreaterThan(10);
      expect(split.map(({ line }) => line).join("")).toBe(text);
      expect(split.map(({ continues }) => continues).indexOf(false)).toBe(split.length - 1);
    });

    it("replaces what is not UTF-8, and goes on", async () => {
      const lines = await linesOf(shell("printf 'a\\377b\\n\\342\\202\\nnext\\n'"));
      expect(lines).toEqual([stdout("a\uFFFDb"), stdout("\uFFFD"), stdout("next")]);
    });

    it("is complete for 50,000 lines", async () => {
      const lines = await linesOf(shell("seq 1 50000"));
      expect(lines.map(({ line }) => line).join(",")).toBe(
        Array.from({ length: 50_000 }, (_, n) => n + 1).join(","),
      );
    });

    it("can be read once: a second loop is refused", async () => {
      const { client, parent } = open();
      const { name } = await client.createProcess(parent, shell("echo one"), { autoRun: true });
      const lines = client.streamLines(name);
      expect(await collect(lines)).toMatchObject([{ line: "one" }]);
      expect(await rejection(collect(lines))).toMatchObject({
        name: "InvalidInputError",
        field: "lines",
      });
    });

    it("is empty of a process that wrote nothing", async () => {
      expect(await linesOf(shell("exit 0"))).toEqual([]);
    });
  });
}
