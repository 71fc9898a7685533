import fc from "fast-check";

import type { TestRequest } from "./send.js";

const PARENT = "/v1/workspaces/w/sandboxEngines/e/processes";
const VERBS = [
  "",
  ":start",
  ":sendSignal",
  ":wait",
  ":readOutput",
  ":readOutputFrames",
  ":streamOutput",
  ":unknown",
];
const PARAMETERS = [
  "processId=p",
  "process_id=",
  "autoRun=True",
  "auto_run=maybe",
  "pageSize=5",
  "page_size=-1",
  "pageSize=99999999999",
  "filter=state%20=%20STATE_RUNNING",
  "pageToken=%zz",
  "outputStream=OUTPUT_STREAM_COMBINED",
  "outputStream=3",
  "outputStream=77",
  "skipReplay=1",
  "process.command=x",
  "name=x",
  "__proto__=1",
  "toString.x=1",
  "a[b]=c",
];
const BITS =
  "%2F|%00|%ff|%|%25|..|/|//|:|?|#|&|=|+|{|}|[|]|\\|\"|'|0|-1|1e999|NaN|é|ÿ|__proto__".split("|");
const HEADERS: readonly (readonly [string, fc.Arbitrary<string>])[] = [
  ["Authorization", fc.constantFrom("Bearer t", "Bearer", "Basic eA==", "ÿ")],
  ["Grpc-Timeout", fc.constantFrom("1S", "100u", "0S", "-1S", "5", "99999999H", "1n", "")],
  ["Content-Type", fc.constantFrom("application/grpc", "text/plain", "x", "application/json")],
  ["Grpc-Metadata-X-A", fc.constantFrom("1", "", "ÿ", "a, b")],
  ["Grpc-Metadata-X-Bin", fc.constantFrom("AAA=", "%")],
  ["Grpc-Metadata-Connect-Timeout-Ms", fc.constantFrom("1", "x", "-1")],
  ["Grpc-Metadata-Grpc-Timeout", fc.constantFrom("1n", "x")],
  ["Grpc-Metadata-Content-Type", fc.constantFrom("application/json", "x")],
  ["Grpc-Metadata-", fc.constantFrom("nameless")],
  ["Grpc-Metadata-:path", fc.constantFrom("/")],
  ["Connect-Protocol-Version", fc.constantFrom("1", "9")],
  ["Accept-Encoding", fc.constantFrom("gzip", "br")],
  ["Content-Encoding", fc.constantFrom("gzip", "identity")],
  ["TE", fc.constantFrom("trailers")],
  ["X-HTTP-Method-Override", fc.constantFrom("GET", "DELETE")],
];

const method = fc.constantFrom(
  ..."GET GET GET POST POST POST PUT DELETE PATCH HEAD OPTIONS TRACE PROPFIND".split(" "),
);
const target = fc
  .tuple(
    fc.constantFrom(
      `${PARENT}/p`,
      `${PARENT}/p`,
      PARENT,
      `${PARENT}/`,
      "/v1",
      "/",
      "*",
      "/version",
    ),
    fc.constantFrom(...VERBS),
    fc.array(fc.constantFrom(...PARAMETERS), { maxLength: 4 }),
  )
  .map(([path, verb, query]) => `${path}${verb}${query.length > 0 ? `?${query.join("&")}` : ""}`);

const json = fc.oneof(
  fc.jsonValue({ maxDepth: 4 }).map((value) => JSON.stringify(value)),
  fc
    .record(
      {
        command: fc.oneof(fc.string(), fc.jsonValue()),
        args: fc.oneof(fc.array(fc.string()), fc.jsonValue()),
        environmentVariables: fc.oneof(fc.dictionary(fc.string(), fc.string()), fc.jsonValue()),
        secretEnvironmentVariables: fc.dictionary(fc.string(), fc.jsonValue()),
        state: fc.constantFrom("STATE_RUNNING", "STATE_X", 2, 77, -1, 1.5, null, {}),
        exitCode: fc.constantFrom(0, "1", 2 ** 31, -1, null, "x"),
        createTime: fc.constantFrom("2020-01-01T00:00:00Z", "never", 5, null, {}),
        signal: fc.constantFrom(15, "9", 1.5, null, [], 2 ** 40),
        name: fc.constantFrom("other", 5, null),
        process: fc.jsonValue({ maxDepth: 1 }),
      },
      { requiredKeys: [] },
    )
    .map((value) => JSON.stringify(value)),
  fc.constantFrom(
    "",
    " ",
    "{",
    "null",
    "[".repeat(50_000),
    `${"[".repeat(9999)}${"]".repeat(9999)}`,
  ),
  fc.constantFrom(`{"a":${'{"process":'.repeat(5000)}1${"}".repeat(5000)}}`, "\ufeff{}", "{}x"),
);

/** A text with other bits in some places, as the path, the query or the body of a broken client. */
function mutated(texts: fc.Arbitrary<string>): fc.Arbitrary<string> {
  const change = fc.tuple(fc.nat(), fc.nat(6), fc.oneof(fc.constantFrom(...BITS), fc.string()));
  return fc.tuple(texts, fc.array(change, { maxLength: 3 })).map(([text, changes]) =>
    changes.reduce((current, [at, length, bit]) => {
      const start = at % (current.length + 1);
      return current.slice(0, start) + bit + current.slice(start + length);
    }, text),
  );
}

/** Requests for the REST surface: right ones, broken ones, and what lies between. */
export const anyRequest: fc.Arbitrary<TestRequest> = fc
  .tuple(
    method,
    fc.oneof(target, mutated(target)),
    fc.array(
      fc.constantFrom(...HEADERS).chain(([name, value]) => value.map((text) => [name, text])),
      { maxLength: 4 },
    ),
    fc.oneof(json, mutated(json), fc.uint8Array({ maxLength: 40 })),
  )
  .map(([verb, path, headers, body]) => ({
    method: verb,
    // What would be no request any more, but another one's start, is not the gateway's to see.
    path: path.replace(/[^\x21-\xff]/g, "") || "/",
    headers: Object.fromEntries(headers),
    body,
  }));
