import { afterAll, beforeAll, describe, expect, test } from "vitest";

import { type StubServer, startStubServer } from "../../../src/stub/index.js";
import { inSteps } from "../../support/in-steps.js";
import { HTTP_VERSIONS, send, type TestRequest, type TestResponse } from "./support/send.js";

// What was seen on grpc-gateway 2.33 before a grpc-go service with this mapping.
describe.each(HTTP_VERSIONS)("the REST surface over %s", (_version, open) => {
  let stub: StubServer;
  let processes: string;

  beforeAll(async () => {
    stub = await startStubServer({ users: { first: "users/1", second: "users/2" } });
    processes = `/v1/${stub.parent}/processes`;
  });
  afterAll(() => stub.close());

  const call = (request: TestRequest, token = "first"): Promise<TestResponse> =>
    send(open, stub.port, {
      ...request,
      headers: { authorization: `Bearer ${token}`, ...request.headers },
    });
  const get = (path: string) => call({ path });
  const post = (path: string, body?: unknown, headers: Record<string, string> = {}) =>
    call({
      method: "POST",
      path,
      headers,
      ...(body !== undefined && { body: typeof body === "string" ? body : JSON.stringify(body) }),
    });
  const shell = (script: string) => ({ command: "/bin/sh", args: ["-c", script] });
  const failure = (code: number, message: unknown) => ({ code, message, details: [] });

  async function finished(id: string, script: string): Promise<string> {
    await post(`${processes}?processId=${id}&autoRun=true`, shell(script));
    await post(`${processes}/${id}:wait`);
    return `${processes}/${id}`;
  }

  test("creates, starts and waits for a process, and shows what is unset", async () => {
    const created = await post(`${processes}?processId=life`, shell("exit 3"));
    const specified = {
      name: `${stub.parent}/processes/life`,
      command: "/bin/sh",
      args: ["-c", "exit 3"],
      workingDirectory: "",
      environmentVariables: {},
      secretEnvironmentVariables: {},
    };
    const at = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?Z$/);
    expect(created.status).toBe(200);
    expect(created.headers).toMatchObject({
      "content-type": "application/json",
      "grpc-metadata-content-type": "application/grpc",
    });
    // What is `optional` and unset is left out.
    const pending = { ...specified, state: "STATE_PENDING", createTime: at };
    expect(created.json()).toEqual({ process: pending });
    expect((await post(`${processes}/life:start`, {})).status).toBe(200);
    expect((await post(`${processes}/life:wait`, {})).json()).toEqual({
      process: { ...pending, state: "STATE_FAILED", exitCode: 3, startTime: at, endTime: at },
    });
  });

  test("takes a large body from a user whose token comes as Grpc-Metadata-Authorization", async () => {
    const spec = { command: "true", args: ["x".repeat(100_000)] };
    const body = JSON.stringify(spec);
    const ask = (token: string) =>
      send(open, stub.port, {
        method: "POST",
        path: processes,
        headers: { "grpc-metadata-authorization": `Bearer ${token}` },
        body,
      });
    const answer = await ask("first");
    expect(answer.status).toBe(200);
    expect(answer.json()).toMatchObject({ process: spec });
    expect((await ask("nobody")).status).toBe(401);
  });

  test("streams output as one JSON object a line, and nothing after the last", async () => {
    const { script, next } = inSteps("printf 'a\\n'", "printf é >&2");
    const path = `${processes}/streams`;
    await post(`${processes}?processId=streams&autoRun=true`, shell(script));
    await expect
      .poll(async () => (await get(`${path}:readOutput`)).json())
      .toEqual({ data: "YQo=" });
    next(stub.engines.get(stub.parent)?.rootDirectory ?? "");
    await post(`${path}:wait`);
    const { status, headers, text, lines } = await get(`${path}:streamOutput`);
    expect(status).toBe(200);
    expect(headers["content-type"]).toBe("application/json");
    expect(text.endsWith("}\n")).toBe(true);
    expect(lines()).toEqual([
      { result: { stream: "OUTPUT_STREAM_STDOUT", data: "YQo=" } },
      { result: { stream: "OUTPUT_STREAM_STDERR", data: "w6k=" } },
    ]);
  });

  test("shows bytes in standard base64 with padding", async () => {
    const path = await finished("bytes", "printf '\\373\\377\\276\\001'");
    const { json } = await get(`${path}:readOutput?outputStream=OUTPUT_STREAM_STDOUT`);
    expect(json()).toEqual({ data: "+/++AQ==" });
    expect((await get(`${path}:readOutput?outputStream=2`)).json()).toEqual({ data: "" });
    expect((await get(`${path}:readOutputFrames`)).json()).toEqual({
      frames: [{ stream: "OUTPUT_STREAM_STDOUT", data: "+/++AQ==" }],
    });
  });

  test("takes path variables with every slash as %2F", async () => {
    const path = `/v1/${encodeURIComponent(`${stub.parent}/processes/`)}`;
    await finished("encoded", ":");
    expect((await get(`${path}encoded`)).json()).toMatchObject({
      process: { name: `${stub.parent}/processes/encoded` },
    });
    expect((await get(`${path}encoded:readOutputFrames`)).json()).toEqual({ frames: [] });
  });

  test.each(["True", "true", "1", "t"])("takes %s for true", async (text) => {
    const { json } = await post(`${processes}?auto_run=${text}`, shell(":"));
    const state = expect.stringMatching(/^STATE_(RUNNING|SUCCEEDED)$/);
    expect(json()).toMatchObject({ process: { state } });
  });

  test("takes empty query values for unset text, and zero", async () => {
    const { status } = await get(`${processes}?pageToken=&filter=&pageSize=0`);
    expect(status).toBe(200);
    const created = await post(`${processes}?processId=&autoRun=false`, shell(":"));
    expect(created.json()).toMatchObject({
      process: { name: expect.stringMatching(/\/processes\/[0-9a-f-]{36}$/) },
    });
  });

  test("takes the names of the proto file and of JSON alike", async () => {
    const body = { command: "true", working_directory: "/", environmentVariables: { A: "1" } };
    const { json } = await post(`${processes}?process_id=names`, body);
    expect(json()).toMatchObject({
      process: {
        name: `${stub.parent}/processes/names`,
        workingDirectory: "/",
        environmentVariables: { A: "1" },
      },
    });
    const listed = await get(`${processes}?page_size=1&pageToken=`);
    expect(listed.json()).toMatchObject({ processes: [{}], nextPageToken: expect.any(String) });
  });

  test("ignores unknown JSON fields and query parameters", async () => {
    const { json } = await post(`${processes}?nope=1&autoRun=0`, { ...shell(":"), nope: [1] });
    expect(json()).toMatchObject({ process: { args: ["-c", ":"], state: "STATE_PENDING" } });
  });

  test.each([
    ["POST", "?autoRun=maybe", /^parsing field "auto_run": /],
    ["GET", "/p:readOutput?outputStream=STDOUT", /^parsing field "output_stream": /],
    ["GET", "/p:streamOutput?skipReplay=maybe", /^parsing field "skip_replay": /],
    ["GET", "?pageSize=many", /^parsing field "page_size": /],
  ])("answers 400 to the bad value of %s %s", async (method, path, message) => {
    const response = await call({ method, path: processes + path });
    expect(response.status).toBe(400);
    expect(response.json()).toEqual(failure(3, expect.stringMatching(message)));
  });

  test.each([
    ["no content type", {}],
    ["curl's", { "content-type": "application/x-www-form-urlencoded" }],
    ["another", { "content-type": "text/plain; charset=x" }],
  ])("reads a body with %s as JSON", async (_title, headers) => {
    const { json } = await post(processes, shell(":"), headers);
    expect(json()).toMatchObject({ process: { args: ["-c", ":"] } });
  });

  test("takes a POST without a body", async () => {
    await finished("bare", ":");
    expect((await post(`${processes}/bare:wait`)).status).toBe(200);
    expect((await post(`${processes}/bare:wait`, "\n")).status).toBe(200);
    expect((await post(processes)).json()).toMatchObject({ code: 3 });
  });

  test.each(["{", "[]", "null", '"text"', "{} {}", '{"command": 5}', '{"command": "a\xff"}'])(
    "answers 400 to the body %j",
    async (body) => {
      const bytes = Buffer.from(body, "latin1");
      const response = await call({ method: "POST", path: processes, body: bytes });
      expect(response.status).toBe(400);
      expect(response.json()).toEqual(failure(3, expect.any(String)));
    },
  );

  test.each([
    ["GET", "/"],
    ["GET", "/v1/nothing"],
    ["POST", "/ai.h2o.engine.sandbox.v1.Other/Get"],
  ])("answers 404 to the unknown path %s %s", async (method, path) => {
    const response = await call({
      method,
      path,
      // To gRPC's own types the stub answers in gRPC's own way.
      headers: { "content-type": "application/json" },
      ...(method === "POST" && { body: "{}" }),
    });
    expect(response.status).toBe(404);
    expect(response.headers["content-type"]).toBe("application/json");
    expect(response.json()).toEqual(failure(5, "Not Found"));
  });

  test.each(["DELETE", "PUT", "PATCH"])("answers 501 to %s of a known path", async (method) => {
    const response = await call({ method, path: `${processes}/p` });
    expect(response.status).toBe(501);
    expect(response.json()).toEqual(failure(12, "Method Not Allowed"));
  });

  test("takes an unknown verb as a part of the id, which is not found", async () => {
    await finished("verb", ":");
    const response = await get(`${processes}/verb:unknownVerb`);
    expect(response.status).toBe(404);
    expect(response.json()).toEqual(failure(5, expect.stringContaining("verb:unknownVerb")));
  });

  test.each(["", ":streamOutput"])("answers 401 to a wrong token (%s)", async (verb) => {
    const response = await call({ path: `${processes}/p${verb}` }, "wrong");
    const message = "the authorization header holds no bearer token that this server knows";
    const error = failure(16, message);
    expect(response.status).toBe(401);
    expect(response.json()).toEqual(verb === "" ? error : { error });
    expect(response.headers["www-authenticate"]).toBe(message);
  });

  test("answers 404 to those who did not create the engine", async () => {
    const response = await call({ path: processes }, "second");
    expect(response.status).toBe(404);
    expect(response.json()).toMatchObject({ code: 5 });
  });

  test("answers 400 with code 9 where the engine is not running", async () => {
    const parent = "workspaces/w/sandboxEngines/starting";
    stub.engines.create(parent, { state: "STATE_STARTING" });
    const response = await get(`/v1/${parent}/processes`);
    expect(response.status).toBe(400);
    expect(response.json()).toEqual(failure(9, expect.stringContaining("not in running state")));
  });

  test("answers a stream that fails before its first message with its status, wrapped", async () => {
    const response = await get(`${processes}/missing:streamOutput`);
    expect(response.status).toBe(404);
    expect(response.headers["content-type"]).toBe("application/json");
    expect(response.lines()).toEqual([{ error: failure(5, expect.stringContaining("missing")) }]);
  });

  test("answers GET /version without a token", async () => {
    const response = await send(open, stub.port, { path: "/version" });
    expect(response.status).toBe(200);
    expect(response.json()).toEqual({ version: expect.any(String) });
  });
});
