import { createClient, type Interceptor } from "@connectrpc/connect";
import { expect, test } from "vitest";
import { ProcessService } from "../../gen/ai/h2o/engine/sandbox/v1/process_service_pb.js";
import packageJson from "../../package.json" with { type: "json" };
import { VERSION } from "../../src/model/version.js";
import { createTransport } from "../support/create-transport.js";
import { closing } from "./support/cleanup.js";
import { PROCESS } from "./support/process-name.js";
import { startProcessServer } from "./support/process-server.js";

test("the version is that of the package", () => {
  expect(VERSION).toBe(packageJson.version);
});

async function start(options: {
  protocol: "grpc" | "connect" | "rest";
  interceptors?: Interceptor[];
}) {
  const seen: unknown[] = [];
  const server = closing(
    await startProcessServer({
      service: { getProcess: () => ({}) },
      http1: options.protocol === "rest",
      onRequestHeaders: (headers) => seen.push(headers["user-agent"]),
    }),
  );
  const { transport } = closing(createTransport({ aiemUrl: server.url }, options));
  return { seen, client: createClient(ProcessService, transport) };
}

test.each(["grpc", "connect", "rest"] as const)(
  "the server learns who calls (%s)",
  async (protocol) => {
    const { seen, client } = await start({ protocol });
    await client.getProcess({ name: PROCESS });
    expect(seen).toEqual([
      expect.stringMatching(
        /^aiem-process-client\/\d+\.\d+\.\d+( connect-es\/\S+)? node\/\d+\.\d+\.\d+$/,
      ),
    ]);
  },
);

test("a User-Agent of the caller's stays", async () => {
  const { seen, client } = await start({ protocol: "grpc" });
  await client.getProcess({ name: PROCESS }, { headers: { "user-agent": "mine/1" } });
  expect(seen).toEqual(["mine/1"]);
});
