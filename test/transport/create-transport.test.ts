import { networkInterfaces } from "node:os";
import { createClient } from "@connectrpc/connect";
import { describe, expect, test } from "vitest";
import { ProcessService } from "../../gen/ai/h2o/engine/sandbox/v1/process_service_pb.js";
import { createTransport } from "../support/create-transport.js";
import { closing } from "./support/cleanup.js";
import { failure } from "./support/failure.js";
import { PROCESS } from "./support/process-name.js";
import { startProcessServer } from "./support/process-server.js";
import { PROTOCOLS } from "./support/protocols.js";

const hasIpv6 = Object.values(networkInterfaces())
  .flat()
  .some((address) => address?.address === "::1");

describe.each(PROTOCOLS)("$protocol over HTTP/$httpVersion", (options) => {
  const http1 = options.httpVersion === "1.1";

  test("a path in aiemUrl is put before every request", async () => {
    const service = { getProcess: () => ({ process: { name: PROCESS } }) };
    const server = closing(await startProcessServer({ service, http1, prefix: "/a/b" }));
    for (const path of ["/a/b", "/a/b/"]) {
      const { transport } = closing(createTransport({ aiemUrl: server.url + path }, options));
      const client = createClient(ProcessService, transport);
      expect((await client.getProcess({ name: PROCESS })).process?.name).toBe(PROCESS);
    }
  });

  test.skipIf(!hasIpv6)("an IPv6 address works, and the server sees it in brackets", async () => {
    const seen: unknown[] = [];
    const server = closing(
      await startProcessServer({
        service: { getProcess: () => ({}) },
        http1,
        host: "::1",
        onRequestHeaders: (headers) => seen.push(headers[":authority"] ?? headers["host"]),
      }),
    );
    const { transport } = closing(createTransport({ aiemUrl: server.url }, options));
    await createClient(ProcessService, transport).getProcess({ name: PROCESS });
    expect(seen).toEqual([`[::1]:${server.port}`]);
  });

  test("nothing is compressed", async () => {
    const seen: unknown[] = [];
    const server = closing(
      await startProcessServer({
        service: { getProcess: () => ({ process: { name: "p".repeat(10_000) } }) },
        http1,
        onRequestHeaders: (headers) =>
          seen.push(
            headers["accept-encoding"],
            headers["grpc-accept-encoding"],
            headers["grpc-encoding"],
            headers["content-encoding"],
          ),
      }),
    );
    const { transport } = closing(createTransport({ aiemUrl: server.url }, options));
    await createClient(ProcessService, transport).getProcess({ name: PROCESS });
    expect(seen.filter((value) => value !== undefined && value !== "identity")).toEqual([]);
  });

  test("a message above readMaxBytes fails, and the error says what to do", async () => {
    const service = { readOutput: () => ({ data: new Uint8Array(2_000) }) };
    const server = closing(await startProcessServer({ service, http1 }));
    const { transport } = closing(
      createTransport({ aiemUrl: server.url }, { ...options, readMaxBytes: 1_000 }),
    );
    await expect(
      createClient(ProcessService, transport).readOutput({ name: PROCESS }),
    ).rejects.toMatchObject(
      failure("ResourceExhausted", /stream the output, or raise readMaxBytes/),
    );
  });

  test("interceptors of the user's see each call", async () => {
    const server = closing(
      await startProcessServer({ service: { getProcess: () => ({}) }, http1 }),
    );
    const seen: string[] = [];
    const { transport } = closing(
      createTransport(
        { aiemUrl: server.url },
        {
          ...options,
          interceptors: [
            (next) => (req) => {
              seen.push(req.method.name);
              return next(req);
            },
          ],
        },
      ),
    );
    await createClient(ProcessService, transport).getProcess({ name: PROCESS });
    expect(seen).toEqual(["GetProcess"]);
  });
});

test("an address that is refused makes no transport", () => {
  expect(() => createTransport({ aiemUrl: "ftp://host" })).toThrow(TypeError);
});
