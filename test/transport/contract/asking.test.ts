import { constants } from "node:http2";
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { FileDescriptorProtoSchema } from "@bufbuild/protobuf/wkt";
import { Code, type Interceptor } from "@connectrpc/connect";
import { describe, expect, test } from "vitest";
import { collect } from "../../support/collect.js";
import { setWith } from "../../support/renumbered-set.js";
import { PROCESS } from "../support/process-name.js";
import { asking, clientOf } from "./support/asking-client.js";
import { PARENT } from "./support/guarded-service.js";
import {
  answerServices,
  filesOf,
  type ReflectionStream,
  reflecting,
  tells,
} from "./support/reflecting.js";

const OURS = setWith({});
const [PROCESS_FILE, SERVICE_FILE] = [...filesOf(OURS)].map(([name, bytes]) => ({ name, bytes }));
const SERVICE = "ai.h2o.engine.sandbox.v1.ProcessService";
const MIB = 1024 * 1024;

function fileWith(more: { name?: string; dependency?: string[]; bytes?: number }): Uint8Array {
  const { bytes = new Uint8Array() } = SERVICE_FILE ?? {};
  const file = fromBinary(FileDescriptorProtoSchema, bytes);
  file.name = more.name ?? file.name;
  file.dependency.push(...(more.dependency ?? []));
  if (more.bytes !== undefined) {
    file.service = [];
    file.messageType = [];
    file.package = "x".repeat(more.bytes);
  }
  return toBinary(FileDescriptorProtoSchema, create(FileDescriptorProtoSchema, file));
}

describe("a server that tells its contract", () => {
  test("is asked once, whatever is called at once and later", async () => {
    const reflection = reflecting(tells());
    const { client, events, calls } = await asking(reflection);
    await Promise.all(Array.from({ length: 50 }, () => client.getProcess(PROCESS)));
    await client.startProcess(PROCESS);
    expect(reflection.questions).toEqual([`fileContainingSymbol ${SERVICE}`]);
    expect(events).toMatchObject([{ protocol: "grpc", contract: "reflection" }]);
    // Nothing is looked at before.
    expect(calls.filter((call) => call === "get")).toHaveLength(50);
    await expect.poll(() => reflection.open).toBe(0);
  });

  test("is asked by the next call, where the one that asked was aborted", async () => {
    const reflection = reflecting((stream, question) => {
      if (stream.count > 1) {
        tells()(stream, question);
      }
    });
    const { client, calls } = await asking(reflection);
    const leaving = new AbortController();
    const left = client.getProcess(PROCESS, { signal: leaving.signal });
    const others = [client.getProcess(PROCESS), client.getProcess(PROCESS)];
    await expect.poll(() => reflection.questions.length).toBe(1);
    leaving.abort();
    await expect(left).rejects.toBe(leaving.signal.reason);
    await expect(Promise.all(others)).resolves.toHaveLength(2);
    expect(reflection.streams).toBe(2);
    expect(calls).toEqual(["get", "get"]);
    await expect.poll(() => reflection.open).toBe(0);
  });

  test.each([
    ["UNIMPLEMENTED", (stream) => stream.status(Code.Unimplemented)],
    ["HTTP 404", (stream) => stream.http(404)],
  ] satisfies [string, (stream: ReflectionStream) => void][])(
    "is asked by v1alpha where v1 is %s",
    async (_, refuse) => {
      const reflection = reflecting((stream, question) =>
        stream.version === "v1" ? refuse(stream) : tells()(stream, question),
      );
      const { client, events } = await asking(reflection);
      await client.getProcess(PROCESS);
      expect(reflection.streams).toBe(2);
      expect(events).toMatchObject([{ contract: "reflection" }]);
    },
  );

  test("is asked for the files that it left out, but for google's", async () => {
    const reflection = reflecting((stream, question) => {
      const file = question.case === "fileByFilename" ? PROCESS_FILE : SERVICE_FILE;
      stream.files(file?.bytes ?? new Uint8Array());
    });
    const { client, events } = await asking(reflection);
    await client.getProcess(PROCESS);
    expect(reflection.streams).toBe(2);
    expect(reflection.questions).toEqual([
      `fileContainingSymbol ${SERVICE}`,
      `fileByFilename ${PROCESS_FILE?.name}`,
    ]);
    expect(events).toMatchObject([{ contract: "reflection" }]);
  });

  test("may lack an import with nothing that is needed", async () => {
    const reflection = reflecting((stream, question) =>
      question.case === "fileByFilename"
        ? stream.error(Code.NotFound)
        : stream.files(fileWith({ dependency: ["buf/validate/validate.proto"] }), ...ours()),
    );
    const { client, events } = await asking(reflection);
    await client.getProcess(PROCESS);
    expect(reflection.questions.at(-1)).toBe("fileByFilename buf/validate/validate.proto");
    expect(events).toMatchObject([{ contract: "reflection" }]);
  });

  test("is asked for its services where it calls ours otherwise", async () => {
    const files = [...filesOf(setWith({ package: "com.example.box" })).values()];
    const reflection = reflecting((stream, question) => {
      if (question.case === "listServices") {
        answerServices(stream, ["com.example.box.ProcessService", "grpc.health.v1.Health"]);
      } else if (question.value === SERVICE) {
        stream.error(Code.NotFound);
      } else {
        stream.files(...files);
      }
    });
    const { client, events } = await asking({
      ...reflection,
      instead(request, response) {
        const isReflection = reflection.instead?.(request, response) ?? false;
        request.url = request.url?.replace("com.example.box", "ai.h2o.engine.sandbox.v1") ?? "";
        return isReflection;
      },
    });
    await expect(client.getProcess(PROCESS)).resolves.toMatchObject({ name: PROCESS });
    expect(events).toMatchObject([{ contract: "reflection" }]);
    expect(reflection.questions).toEqual([
      `fileContainingSymbol ${SERVICE}`,
      "listServices",
      "fileContainingSymbol com.example.box.ProcessService",
    ]);
  });

  test("is asked as the call is: with its headers, its token and those of interceptors", async () => {
    let headers: Record<string, unknown> = {};
    const reflection = reflecting((stream, question) => {
      headers = stream.headers;
      tells()(stream, question);
    });
    const adding: Interceptor = (next) => (request) => {
      request.header.set("x-added", "by an interceptor");
      return next(request);
    };
    const { client } = await asking(
      reflection,
      { tokenProvider: "token-of-the-client" },
      { interceptors: [adding] },
    );
    await client.getProcess(PROCESS, { headers: { "x-own": "of the call" } });
    expect(headers).toMatchObject({
      authorization: "Bearer token-of-the-client",
      "x-added": "by an interceptor",
      "x-own": "of the call",
    });
  });

  test.each(["stream of output", "wait"] as const)("is asked by a %s, too", async (first) => {
    const reflection = reflecting(tells());
    const { client, calls, events } = await asking(reflection);
    if (first === "wait") {
      await client.waitProcess(PROCESS);
      expect(calls).toEqual(["wait"]);
    } else {
      const chunks = await collect(client.streamOutput(PROCESS));
      expect(Buffer.concat(chunks.map(({ data }) => data)).toString()).toBe("out");
    }
    expect(events).toMatchObject([{ contract: "reflection" }]);
    expect(reflection.streams).toBe(1);
  });
});

function ours(): Uint8Array[] {
  return PROCESS_FILE ? [PROCESS_FILE.bytes] : [];
}

type Script = Parameters<typeof reflecting>[0];

const FAR_TOO_MANY = Array.from({ length: 64 }, (_, i) => `far/too/many${i}.proto`);

const REFUSALS: [why: string, script: Script, reason: RegExp][] = [
  ["knows no reflection", (stream) => stream.status(Code.Unimplemented, "what?"), /what\?/],
  ["forbids it", (stream) => stream.status(Code.PermissionDenied, "for admins"), /for admins/],
  ["refuses the token", (stream) => stream.status(Code.Unauthenticated, "who?"), /who\?/],
  ["answers HTTP 404", (stream) => stream.http(404), /HTTP 404/],
  ["answers HTTP 403", (stream) => stream.http(403), /HTTP 403/],
  ["ends without an answer", (stream) => stream.status(0), /ended without an answer/],
  [
    "lists no such service",
    (stream, { case: asked }) =>
      asked === "listServices" ? answerServices(stream, ["a.B"]) : stream.error(Code.NotFound),
    /must have one service ProcessService, but has none/,
  ],
  [
    "lists two such services",
    (stream, { case: asked }) =>
      asked === "listServices"
        ? answerServices(stream, ["a.ProcessService", "b.ProcessService"])
        : stream.error(Code.NotFound),
    /several: a\.ProcessService, b\.ProcessService/,
  ],
  [
    "lists a service that it does not know",
    (stream, { case: asked }) =>
      asked === "listServices" ? answerServices(stream, [SERVICE]) : stream.error(5, "unknown"),
    /unknown/,
  ],
  [
    "lacks one of its own files",
    (stream, { case: asked }) =>
      asked === "fileByFilename" ? stream.error(Code.NotFound) : stream.files(fileWith({})),
    /does not have its own file .*process\.proto/,
  ],
  [
    "has more than 64 files",
    (stream) => stream.files(fileWith({ dependency: FAR_TOO_MANY }), ...ours()),
    /more than 64 files or 4194304 bytes/,
  ],
  [
    "has more than 4 MiB in its files",
    (stream) =>
      [1, 2, 3].forEach((i) => {
        stream.files(fileWith({ name: `large${i}`, dependency: ["more"], bytes: 1.5 * MIB }));
      }),
    /more than 64 files or 4194304 bytes/,
  ],
  [
    "answers with more than 4 MiB at once",
    (stream) => stream.files(fileWith({ bytes: 5 * MIB })),
    /larger than/,
  ],
  ["answers with what is no file", (stream) => stream.files(Uint8Array.of(255)), /cannot be used/],
];

describe("a server that does not tell its contract, since it", () => {
  test.each(REFUSALS)("%s, is called by our numbers, and suspected", async (_, script, reason) => {
    const reflection = reflecting(script);
    const { client, events, calls } = await asking(reflection, { tokenProvider: "a-token" });
    await client.startProcess(PROCESS);
    await client.getProcess(PROCESS);
    const { streams } = reflection;
    expect(streams).toBeLessThanOrEqual(3);
    expect(events).toMatchObject([
      { protocol: "grpc", contract: "guarded", reason: expect.stringMatching(reason) },
    ]);
    expect(calls).toEqual(["get", "start", "get"]);
    await expect.poll(() => reflection.open).toBe(0);
  });

  test.each(REFUSALS)("%s, is an error where it must", async (_, script, reason) => {
    const reflection = reflecting(script);
    const config = { contract: "reflection", tokenProvider: "a-token" } as const;
    const { client, calls } = await asking(reflection, config);
    const calling = [client.getProcess(PROCESS), client.createProcess(PARENT, { command: "c" })];
    for (const call of calling) {
      await expect(call).rejects.toMatchObject({
        code: Code.FailedPrecondition,
        message: expect.stringMatching(reason),
        rawMessage: expect.stringContaining("give the server's FileDescriptorSet as contract"),
      });
    }
    expect(calls).toEqual([]);
    expect(reflection.streams).toBeLessThanOrEqual(3);
  });
});

describe("a token that reflection refuses", () => {
  const refusing = (accepted: string) =>
    reflecting((stream, question) =>
      stream.headers["authorization"] === `Bearer ${accepted}`
        ? tells()(stream, question)
        : stream.status(Code.Unauthenticated, `not ${stream.headers["authorization"]}`),
    );

  test("is exchanged once", async () => {
    const reflection = refusing("second-token");
    const rejected: unknown[] = [];
    const { client, events } = await asking(reflection, {
      tokenProvider: ({ rejectedToken }) => {
        rejected.push(rejectedToken);
        return rejectedToken === undefined ? "first-token" : "second-token";
      },
    });
    await client.getProcess(PROCESS);
    expect(rejected.slice(0, 2)).toEqual([undefined, "first-token"]);
    expect(reflection.streams).toBe(2);
    expect(events).toMatchObject([{ contract: "reflection" }]);
  });

  test.each([
    ["each token is refused", () => `token-${Math.random()}`, 2],
    ["the provider has no other", () => "the-only-token", 1],
  ])("is a refusal where %s, and the call goes on", async (_, tokenProvider, streams) => {
    const reflection = refusing("none");
    const { client, events } = await asking(reflection, { tokenProvider });
    await expect(client.getProcess(PROCESS)).resolves.toMatchObject({ name: PROCESS });
    await client.getProcess(PROCESS);
    expect(reflection.streams).toBe(streams);
    expect(events).toMatchObject([{ contract: "guarded" }]);
    // The server repeats the token that it refused.
    expect(events[0]?.reason).toContain("not Bearer [hidden]");
  });
});

type Call = (client: Awaited<ReturnType<typeof asking>>["client"]) => Promise<unknown>;

const EFFECTS: [title: string, call: Call, effect: string][] = [
  ["createProcess", (client) => client.createProcess(PARENT, { command: "c" }), "create"],
  ["startProcess", (client) => client.startProcess(PROCESS), "start"],
  ["sendSignal", (client) => client.sendSignal(PROCESS, 15), "signal"],
  ["getProcess", (client) => client.getProcess(PROCESS), "get"],
];

const OUTAGES: [what: string, script: Script][] = [
  ["UNAVAILABLE", (stream) => stream.status(Code.Unavailable)],
  ["HTTP 503", (stream) => stream.http(503)],
  ["RESOURCE_EXHAUSTED for a moment", (stream) => stream.status(8, "busy", { "retry-after": "0" })],
  ["a reset of the stream", (stream) => stream.reset(constants.NGHTTP2_INTERNAL_ERROR)],
  ["a lost connection", (stream) => stream.destroy()],
  [
    "an answer that is broken off",
    (stream) => {
      stream.files(fileWith({}));
      stream.destroy();
    },
  ],
];

describe.each(EFFECTS)("%s as the first call", (_, call, effect) => {
  test.each(OUTAGES)("sits out %s, since nothing was sent", async (_outage, script) => {
    const reflection = reflecting((stream, question) =>
      stream.count === 1 ? script(stream, question) : tells()(stream, question),
    );
    const { client, events, calls } = await asking(reflection);
    await call(client);
    expect(calls).toEqual([effect]);
    expect(reflection.streams).toBe(2);
    expect(events).toMatchObject([{ contract: "reflection" }]);
    await expect.poll(() => reflection.open).toBe(0);
  });

  test("is told that there is no connection, and remembers nothing of it", async () => {
    const { server } = await asking(undefined);
    await server.close();
    const { client, events } = clientOf(server.url);
    await expect(call(client)).rejects.toMatchObject({
      code: Code.Unavailable,
      message: expect.stringContaining("cannot connect"),
    });
    expect(events).toEqual([]);
  });

  test("remembers no outage that it does not sit out", async () => {
    const reflection = reflecting((stream, question) =>
      stream.count === 1 ? stream.status(Code.Unavailable) : tells()(stream, question),
    );
    const { client, events } = await asking(reflection, {}, { retry: false });
    await expect(call(client)).rejects.toMatchObject({ code: Code.Unavailable });
    expect(events).toEqual([]);
    await call(client);
    expect(events).toMatchObject([{ contract: "reflection" }]);
  });
});
