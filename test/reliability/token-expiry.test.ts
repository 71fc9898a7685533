import { Code, ConnectError, type HandlerContext } from "@connectrpc/connect";
import { describe, expect, it } from "vitest";
import { Process_State } from "../../src/gen.js";
import type { RetryEvent, TokenRequest } from "../../src/index.js";
import { collect } from "../support/collect.js";
import { texts } from "../support/output.js";
import { rejection } from "../support/rejection.js";
import { NAME, type ScriptedStream, scriptOutput } from "./support/scripted-output.js";
import { WAYS } from "./support/ways.js";

const state = Process_State.SUCCEEDED;
const expired = new ConnectError("the token is expired", Code.Unauthenticated);

/** Refuses tokens; notes all that come. */
function gate(accepts: (token: string) => boolean) {
  const seen: string[] = [];
  const check = ({ requestHeader }: HandlerContext) => {
    const token = requestHeader.get("authorization")?.replace("Bearer ", "") ?? "";
    seen.push(token);
    if (!accepts(token)) {
      throw new ConnectError("who are you?", Code.Unauthenticated);
    }
  };
  return { seen, check };
}

/** Gives t0 until that is refused, then t1, and so on; notes what it is asked. */
function refreshing() {
  const rejected: (string | undefined)[] = [];
  let current = 0;
  const tokenProvider = ({ rejectedToken }: TokenRequest) => {
    rejected.push(rejectedToken);
    current += rejectedToken === `t${current}` ? 1 : 0;
    return `t${current}`;
  };
  return { rejected, tokenProvider };
}

describe.each(WAYS)(
  "a token that expires in mid-stream, over $protocol and HTTP/$httpVersion",
  (way) => {
    it("is refreshed once, and the follow goes on at the byte", async () => {
      const { seen, check } = gate(() => true);
      const { rejected, tokenProvider } = refreshing();
      const retries: RetryEvent[] = [];
      await using scripted = await scriptOutput(
        way,
        [
          { frames: ["abc", { err: "E" }], error: expired },
          { frames: ["abc", { err: "E" }, "def"], state },
        ],
        { check, tokenProvider, onRetry: (event) => retries.push(event) },
      );
      const chunks = await collect(scripted.client.streamOutput(NAME));
      expect(texts(chunks)).toEqual({ stdout: "abcdef", stderr: "E" });
      // Two streams and the look at the end.
      expect(seen).toEqual(["t0", "t1", "t1"]);
      expect(rejected).toEqual([undefined, "t0", undefined]);
      expect(retries).toEqual([]);
    });

    it("may do so again and again, with progress in between", async () => {
      const { rejected, tokenProvider } = refreshing();
      const text = "abcdefghijkl";
      const script = [3, 6, 9, 12].map(
        (end): ScriptedStream => ({
          frames: [text.slice(0, end)],
          ...(end < 12 ? { error: expired } : { state }),
        }),
      );
      await using scripted = await scriptOutput(way, script, { tokenProvider });
      const chunks = await collect(scripted.client.streamOutput(NAME));
      expect(texts(chunks).stdout).toBe(text);
      expect(scripted.streams).toBe(4);
      expect(rejected).toEqual([undefined, "t0", "t1", "t2", undefined]);
    });

    it("ends the follow as Unauthenticated if every other one is refused as well", async () => {
      const { seen, check } = gate((token) => token === "t0");
      const { rejected, tokenProvider } = refreshing();
      const script = [{ frames: ["abc"], error: expired }];
      await using scripted = await scriptOutput(way, script, { check, tokenProvider });
      const output = scripted.client.streamOutput(NAME);
      expect(await rejection(collect(output))).toMatchObject({
        code: Code.Unauthenticated,
        rawMessage: "who are you?",
      });
      expect(seen).toEqual(["t0", "t1"]);
      expect(rejected).toEqual([undefined, "t0"]);
      expect(output.position?.stdout.bytes).toBe(3);
    });

    it.each([
      ["a fixed token", () => "t0" as const, "the token is expired"],
      ["a provider that gives the refused one again", () => () => "t0", "the token is expired"],
    ])("ends the follow as Unauthenticated with %s", async (_, provider, message) => {
      const { seen, check } = gate(() => true);
      const script = [{ frames: ["abc"], error: expired }];
      const tokenProvider = provider();
      await using scripted = await scriptOutput(way, script, { check, tokenProvider });
      const error = await rejection(collect(scripted.client.streamOutput(NAME)));
      expect(error).toMatchObject({
        code: Code.Unauthenticated,
        rawMessage: expect.stringMatching(message),
      });
      expect(String(error)).not.toContain("t0");
      expect(seen).toEqual(["t0"]);
    });

    it("is refreshed for the look at the end, too", async () => {
      const { rejected, tokenProvider } = refreshing();
      let streamed = false;
      const { check, seen } = gate((token) => {
        // The first request is the stream's; its token expires with it.
        const accepted = !streamed || token === "t1";
        streamed = true;
        return accepted;
      });
      const script = [{ frames: ["abc"], state }];
      await using scripted = await scriptOutput(way, script, { check, tokenProvider });
      expect(texts(await collect(scripted.client.streamOutput(NAME))).stdout).toBe("abc");
      expect(seen).toEqual(["t0", "t0", "t1"]);
      expect(rejected).toEqual([undefined, undefined, "t0"]);
    });
  },
);
