import { Code, ConnectError } from "@connectrpc/connect";
import { expect, test } from "vitest";
import type { FailureKind } from "../../../src/errors/outcome.js";
import { failure } from "../support/failure.js";
import { PROCESS } from "../support/process-name.js";
import { answering, startEdge } from "./support/http-edge.js";

const name = PROCESS;
const INFO = { "@type": "type.googleapis.com/google.rpc.ErrorInfo", reason: "R", domain: "d" };

async function errorOf(...args: Parameters<typeof answering>) {
  const { client, sent } = await startEdge(answering(...args));
  const unary: unknown = await client.getProcess({ name }).catch((reason) => reason);
  const follower = client.streamOutput({ name })[Symbol.asyncIterator]();
  const streamed: unknown = await follower.next().catch((reason) => reason);
  if (!(unary instanceof ConnectError && streamed instanceof ConnectError)) {
    throw new Error("the call did not fail");
  }
  expect(streamed).toMatchObject({ code: unary.code, rawMessage: unary.rawMessage });
  const failures = sent.map(({ failure }) => failure);
  expect(failures[1]).toMatchObject({ kind: failures[0]?.kind });
  return { error: unary, failure: failures[0], evidence: sent[0]?.attempt.evidence };
}

test.each([
  ["as unary calls have it", { code: 5, message: "no such process", details: [INFO] }],
  ["as streams have it", { error: { code: 5, message: "no such process", details: [INFO] } }],
])("an error of the service keeps code, message and details (%s)", async (_, body) => {
  const { error, failure } = await errorOf(body, { status: 404 });
  expect(error).toMatchObject({ code: Code.NotFound, rawMessage: "no such process" });
  expect(error.details).toMatchObject([
    { type: "google.rpc.ErrorInfo", debug: { reason: "R", domain: "d" } },
  ]);
  expect(failure?.kind).toBe("status");
});

test.each([
  [Code.Canceled, 499],
  [Code.Aborted, 409],
  [Code.FailedPrecondition, 400],
  [Code.Internal, 500],
])(
  "the service's code %i is its own word, though a broken connection looks so too",
  async (code, status) => {
    const { failure } = await errorOf({ code, message: "premature end of" }, { status });
    expect(failure).toMatchObject({ kind: "status", code });
  },
);

test.each([
  [400, "Internal"],
  [401, "Unauthenticated"],
  [403, "PermissionDenied"],
  [404, "Unimplemented"],
  [405, "Unimplemented"],
  [408, "Unavailable"],
  [413, "ResourceExhausted"],
  [429, "Unavailable"],
  [500, "Unknown"],
  [501, "Unimplemented"],
  [502, "Unavailable"],
  [503, "Unavailable"],
  [504, "Unavailable"],
] as const)("a proxy's page with HTTP %i is %s", async (status, code) => {
  const headers = { "content-type": "text/html" };
  const { error, failure: told, evidence } = await errorOf("<html>", { status, headers });
  expect(error).toMatchObject(
    failure(code, new RegExp(` answered HTTP ${status} text/html, which is not AIEM's REST`)),
  );
  expect(evidence).toMatchObject({ answered: true });
  const kind: FailureKind = code === "Unavailable" ? "unavailable" : "status";
  expect(told?.kind).toBe(kind);
});

test.each([
  { message: "no Route matched" },
  { code: 404, message: "not found" },
  { code: 0, message: "?" },
  { code: "5", message: "?" },
  { code: 5, message: {} },
  { error: "not found" },
  null,
  [],
])("JSON of another API is not taken for the service's word: %j", async (body) => {
  const { error } = await errorOf(body, { status: 404 });
  expect(error).toMatchObject(
    failure(
      "Unimplemented",
      / answered HTTP 404 application\/json, which is not AIEM's REST; check the path/,
    ),
  );
});

test.each([
  ["Retry-After", "3", 3_000],
  ["Grpc-Metadata-Retry-After", "2", 2_000],
  ["Grpc-Trailer-Grpc-Retry-Pushback-Ms", "700", 700],
])("when to come back is kept: %s", async (header, value, ms) => {
  const options = { status: 503, headers: { [header]: value } };
  const { failure } = await errorOf({ code: 14, message: "later" }, options);
  expect(failure?.delay).toEqual({ ms });
  const page = { ...options, headers: { ...options.headers, "content-type": "text/html" } };
  expect((await errorOf("<html>", page)).failure?.delay).toEqual({ ms });
});

test.each([301, 302, 303, 307, 308])("a redirect (HTTP %i) is not followed", async (status) => {
  let followed = 0;
  const other = await startEdge((_, response) => {
    followed += 1;
    response.end("{}");
  });
  const location = `${other.origin}/login?session=s3cret`;
  const { error } = await errorOf("", { status, headers: { location } });
  expect(error).toMatchObject(
    failure(
      "Unknown",
      new RegExp(`; it redirects to ${other.origin}, and redirects are not followed$`),
    ),
  );
  expect(error.rawMessage).not.toContain("s3cret");
  expect(followed).toBe(0);
});

test("an error that never ends is not read for ever", async () => {
  const { client, sockets } = await startEdge((_, response) => {
    response.writeHead(500, { "content-type": "application/json" });
    response.on("error", () => undefined);
    const write = () => {
      while (!response.destroyed && response.write(" ".repeat(65_536))) {}
      response.once("drain", write);
    };
    write();
  });
  await expect(client.getProcess({ name })).rejects.toMatchObject({ code: Code.Unknown });
  await expect.poll(() => sockets.size).toBe(0);
});
