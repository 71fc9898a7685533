const DATA = Buffer.from("some output of a process \u{1f600}\n").toString("base64");
const STATUS =
  '{"code":5,"message":"no such process","details":[{"@type":"t/google.rpc.X","a":1}]}';
const PROCESS =
  '{"process":{"name":"workspaces/w/sandboxEngines/e/processes/p","command":"sh","args":["é"],"environmentVariables":{"A":"b"},"state":"STATE_RUNNING","exitCode":0,"createTime":"2026-01-02T03:04:05.678901Z","endTime":null}}';
const LINE = `{"result":{"stream":"OUTPUT_STREAM_STDOUT","data":"${DATA}"}}\n`;

const JSON_TYPE = "content-type: application/json";

/** An answer of HTTP/1.1. */
export interface Answer {
  /** The status line and the headers, with the empty line after them. */
  readonly head: string;
  readonly body: Buffer;
  /** The body in chunks, if it is sent in these. */
  readonly chunks?: Buffer;
}

type Answers = readonly [Answer, ...Answer[]];

function answer(status: string, body: string, ...headers: string[]): Answer {
  const head = [`HTTP/1.1 ${status}`, ...headers, "", ""].join("\r\n");
  return { head, body: Buffer.from(body) };
}

function whole(status: string, body: string, type = JSON_TYPE): Answer {
  return answer(status, body, type, `content-length: ${Buffer.byteLength(body)}`);
}

function chunked(status: string, parts: readonly string[], ...headers: string[]): Answer {
  const chunks = [...parts, ""].map(
    (part) => `${Buffer.byteLength(part).toString(16)}\r\n${part}\r\n`,
  );
  return {
    ...answer(status, parts.join(""), JSON_TYPE, "transfer-encoding: chunked", ...headers),
    chunks: Buffer.from(chunks.join("")),
  };
}

// What stands before a gateway gives answers too.
const ERRORS: Answers = [
  whole("404 Not Found", STATUS),
  whole("404 Not Found", `{"error":${STATUS}}`),
  whole("503 Service Unavailable", "<html>later</html>", "content-type: text/html"),
  whole("302 Found", "elsewhere", "location: /login"),
];

/** Answers to GetProcess. */
export const UNARY_ANSWERS: Answers = [
  whole("200 OK", PROCESS),
  whole("200 OK", `{"other":"${DATA}"}`),
  chunked("200 OK", [PROCESS.slice(0, 50), PROCESS.slice(50)]),
  ...ERRORS,
];

/** Answers to StreamOutput. */
export const STREAM_ANSWERS: Answers = [
  chunked("200 OK", [LINE, LINE + LINE, LINE.slice(0, 9), LINE.slice(9)]),
  chunked("200 OK", [LINE, `{"error":${STATUS}}\n`], "grpc-metadata-x: y", "retry-after: 1"),
  chunked("200 OK", [LINE], "connection: close"),
  whole("200 OK", LINE.repeat(5)),
  answer("200 OK", LINE, JSON_TYPE, "connection: close"),
  ...ERRORS,
];
