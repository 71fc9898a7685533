import { once } from "node:events";
import { connect } from "node:http2";
import { json } from "node:stream/consumers";
import { createClient } from "@connectrpc/connect";
import { describe, expect, it } from "vitest";
import { ProcessService } from "../../../src/gen.js";
import { ProcessClient } from "../../../src/index.js";
import {
  type StubServer,
  type StubServerOptions,
  startStubServer,
} from "../../../src/stub/index.js";
import { makeTestCertificates } from "../../support/certificates.js";
import { closing } from "../../transport/support/cleanup.js";
import { PROTOCOLS } from "../server/protocols.js";

const ENGINE = "workspaces/w/sandboxEngines/e";

interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: unknown;
}

async function start(options: StubServerOptions = {}): Promise<StubServer> {
  return closing(await startStubServer({ control: true, ...options }));
}

/** Calls the control API as a program in any language would. */
async function call(
  { control, url }: StubServer,
  method: string,
  path: string,
  body?: unknown,
  headers: Record<string, string> = { authorization: `Bearer ${control?.token}` },
): Promise<Answer> {
  const response = await fetch(`${url}/_stub/v1/${path}`, {
    method,
    headers,
    ...(body !== undefined && { body: typeof body === "string" ? body : JSON.stringify(body) }),
  });
  return { status: response.status, headers: response.headers, body: await response.json() };
}

function clientOf(stub: StubServer): ProcessClient {
  const client = new ProcessClient(stub.connection, { retry: false });
  closing({ close: async () => client.close() });
  return client;
}

describe("the engines of the control API", () => {
  it("are created, put into a state, shown and deleted", async () => {
    const stub = await start();
    const path = ENGINE;
    expect(await call(stub, "GET", path)).toMatchObject({ status: 404, body: { code: 5 } });
    expect(await call(stub, "PUT", path)).toMatchObject({
      status: 200,
      body: { name: ENGINE, state: "STATE_RUNNING", creator: "users/default" },
    });
    const client = clientOf(stub);
    const { name } = await client.createProcess(
      ENGINE,
      { command: "sleep", args: ["60"] },
      { autoRun: true },
    );
    const ended = client.waitProcess(name).catch((error: unknown) => error);
    expect(await call(stub, "PUT", path, { state: "STATE_FAILED" })).toMatchObject({
      status: 200,
      body: { state: "STATE_FAILED" },
    });
    await expect(client.listProcesses(ENGINE)).rejects.toThrow(/is STATE_FAILED/);
    await call(stub, "PUT", path, { state: "STATE_RUNNING" });
    expect((await client.getProcess(name)).state).toBe("STATE_FAILED");
    await ended;
    expect(await call(stub, "DELETE", path)).toMatchObject({ status: 200, body: {} });
    expect(stub.engines.get(ENGINE)).toBeUndefined();
  });

  it("are created for another user where that is said, and keep their creator", async () => {
    const stub = await start({ users: { a: "users/a", b: "users/b" } });
    const body = { creator: "users/b", state: "STATE_STARTING" };
    expect(await call(stub, "PUT", ENGINE, body)).toMatchObject({ status: 200, body });
    expect(await call(stub, "PUT", ENGINE, { creator: "users/a" })).toMatchObject({
      status: 400,
      body: { code: 9, message: expect.stringContaining("was created by") },
    });
    expect(stub.engines.get(ENGINE)).toMatchObject(body);
  });
});

describe("the faults of the control API", () => {
  it("strike as those of the program do, and tell how often", async () => {
    const stub = await start();
    const fault = {
      method: "GetProcess",
      nth: 2,
      fault: "status",
      code: "RESOURCE_EXHAUSTED",
      message: "too many calls",
    };
    const added = await call(stub, "POST", "faults", fault);
    expect(added).toMatchObject({ status: 200, body: { id: "1", fired: 0, fault } });
    const client = clientOf(stub);
    const { name } = await client.createProcess(stub.parent, { command: "true" });
    await client.getProcess(name);
    await expect(client.getProcess(name)).rejects.toThrow("[resource_exhausted] too many calls");
    await client.getProcess(name);
    expect(await call(stub, "GET", "faults/1")).toMatchObject({
      body: { id: "1", fired: 1, fault },
    });
    expect(await call(stub, "GET", "faults")).toMatchObject({ body: { faults: [{ id: "1" }] } });
    expect(await call(stub, "GET", "calls")).toMatchObject({
      status: 200,
      body: { total: 4, methods: { CreateProcess: 1, GetProcess: 3, StreamOutput: 0 } },
    });
  });

  it("cut a stream at a byte", async () => {
    const stub = await start();
    const fault = { method: "StreamOutput", fault: "end", at: { bytes: 3 } };
    await call(stub, "POST", "faults", fault);
    const [, transportTo] = PROTOCOLS[0] ?? expect.fail("no protocol");
    const { transport } = closing(transportTo(stub.url));
    const rpc = createClient(ProcessService, transport);
    const headers = { authorization: `Bearer ${stub.token}` };
    const { process } = await rpc.createProcess(
      { parent: stub.parent, process: { command: "echo", args: ["hello"] }, autoRun: true },
      { headers },
    );
    let text = "";
    for await (const { data } of rpc.streamOutput({ name: process?.name ?? "" }, { headers })) {
      text += Buffer.from(data).toString();
    }
    expect(text).toBe("hel");
  });

  it("let go of what they hold up when one is removed, and all at once", async () => {
    const stub = await start();
    const client = clientOf(stub);
    const hang = { method: "ListProcesses", fault: "hang", nth: "every" };
    const fired = async (id: number) => (await call(stub, "GET", `faults/${id}`)).body;
    await call(stub, "POST", "faults", hang);
    const first = client.listProcesses(stub.parent);
    await expect.poll(() => fired(1)).toMatchObject({ fired: 1 });
    expect(await call(stub, "DELETE", "faults/1")).toMatchObject({ body: { fired: 1 } });
    await expect(first).resolves.toMatchObject({ processes: [] });
    expect(await call(stub, "GET", "faults/1")).toMatchObject({ status: 404, body: { code: 5 } });
    await call(stub, "POST", "faults", hang);
    const second = client.listProcesses(stub.parent);
    await expect.poll(() => fired(2)).toMatchObject({ fired: 1 });
    expect(await call(stub, "DELETE", "faults")).toMatchObject({ status: 200, body: {} });
    await expect(second).resolves.toMatchObject({ processes: [] });
    expect((await call(stub, "GET", "faults")).body).toEqual({ faults: [] });
    expect((await call(stub, "GET", "calls")).body).toMatchObject({ total: 0 });
  });
});

describe("a restart by the control API", () => {
  type Secured = readonly [options: StubServerOptions, client: { ca?: string }];
  const cleartext = async (): Promise<Secured> => [{}, {}];
  const tls = async (): Promise<Secured> => {
    const { authority, server } = await makeTestCertificates();
    return [{ tls: server }, { ca: authority.cert }];
  };

  it.each(PROTOCOLS)(
    "ends calls over %s, and answers when it listens again",
    async (_name, make) => {
      const ended: string[] = [];
      const stub = await start({
        onCall: ({ method, status }) => ended.push(`${method} ${status}`),
      });
      const { transport } = closing(make(stub.url));
      const rpc = createClient(ProcessService, transport);
      const headers = { authorization: `Bearer ${stub.token}` };
      const { process } = await rpc.createProcess(
        { parent: stub.parent, process: { command: "sleep", args: ["60"] }, autoRun: true },
        { headers },
      );
      const name = process?.name ?? "";
      // Not awaited: once in a thousand times connect-node never tells that such a call has ended.
      rpc.waitProcess({ name }, { headers }).catch(() => {});
      await expect.poll(() => stub.faults.calls("WaitProcess")).toBe(1);
      expect(await call(stub, "POST", "restart")).toMatchObject({ status: 200, body: {} });
      await expect.poll(() => ended).toContain("WaitProcess CANCELLED");
      const again = closing(make(stub.url));
      const got = await createClient(ProcessService, again.transport).getProcess(
        { name },
        { headers },
      );
      expect(got.process?.name).toBe(name);
    },
  );

  it("leaves the port closed for as long as it is told to", async () => {
    const stub = await start();
    const restarted = call(stub, "POST", "restart", { downMs: 300 });
    const probe = () =>
      fetch(`${stub.url}/version`).then(
        () => "up",
        () => "down",
      );
    await expect.poll(probe, { interval: 10 }).toBe("down");
    expect((await restarted).status).toBe(200);
    expect(await probe()).toBe("up");
  });

  it.each([
    ["cleartext", cleartext],
    ["TLS", tls],
  ])("answers over HTTP/2 on %s, and ends that connection, too", async (_title, secured) => {
    const [options, client] = await secured();
    const stub = await start(options);
    const session = connect(stub.url, client);
    closing({ close: async () => session.destroy() });
    const stream = session.request({
      ":method": "POST",
      ":path": "/_stub/v1/restart",
      authorization: `Bearer ${stub.control?.token}`,
    });
    stream.end();
    const [headers] = await once(stream, "response");
    expect(headers[":status"]).toBe(200);
    expect(await json(stream)).toEqual({});
    await expect.poll(() => session.closed).toBe(true);
  });

  it("is given up where the stub is closed meanwhile", async () => {
    const stub = await start();
    const restarted = call(stub, "POST", "restart", { downMs: 600_000 });
    const probe = () => fetch(`${stub.url}/version`).catch(() => "down");
    await expect.poll(probe, { interval: 10 }).toBe("down");
    await stub.close();
    expect(await restarted).toMatchObject({ status: 503, body: { code: 14 } });
  });
});

describe("the control API", () => {
  it("is not there unless it is asked for", async () => {
    for (const options of [{}, { control: false }]) {
      const stub = closing(await startStubServer(options));
      expect(stub.control).toBeUndefined();
      expect(await call(stub, "GET", "calls")).toMatchObject({ status: 404 });
    }
  });

  it("takes its own token only, which can be chosen", async () => {
    const stub = await start({ control: { token: "mine" } });
    expect(stub.control).toEqual({ url: `${stub.url}/_stub/v1`, token: "mine" });
    for (const headers of [{}, { authorization: `Bearer ${stub.token}` }, { authorization: "x" }]) {
      const answer = await call(stub, "POST", "restart", undefined, headers);
      expect(answer).toMatchObject({ status: 401, body: { code: 16 } });
      expect(answer.headers.get("www-authenticate")).toBe("Bearer");
    }
    expect(await call(stub, "GET", "calls")).toMatchObject({ status: 200 });
    const [random, other] = [await start(), await start()];
    expect(random.control?.token).not.toBe(other.control?.token);
    await expect(clientOf(stub).listProcesses(stub.parent)).resolves.toBeDefined();
    const asUser = new ProcessClient({ aiemUrl: stub.url, tokenProvider: "mine" });
    await expect(asUser.listProcesses(stub.parent)).rejects.toThrow(/unauthenticated/);
    asUser.close();
  });

  it("says nothing to pages of a browser, whatever cors says of the rest", async () => {
    const stub = await start({ cors: { origins: "*" } });
    const origin = "https://page.example.com";
    const preflight = { origin, "access-control-request-method": "POST" };
    const answers = [
      await call(stub, "OPTIONS", "restart", undefined, preflight),
      await call(stub, "GET", "calls", undefined, {
        origin,
        authorization: `Bearer ${stub.control?.token}`,
      }),
    ];
    expect(answers.map(({ status }) => status)).toEqual([401, 200]);
    for (const { headers } of answers) {
      expect([...headers.keys()].filter((name) => name.startsWith("access-control"))).toEqual([]);
    }
    const others = await fetch(`${stub.url}/version`, { headers: { origin } });
    expect(others.headers.get("access-control-allow-origin")).toBe("*");
  });

  it.each<[string, string, unknown, number, number, RegExp]>([
    ["GET", "nothing", undefined, 404, 5, /no such path/],
    ["GET", "workspaces/w/sandboxEngines/e/more", undefined, 404, 5, /no such path/],
    ["PATCH", "faults", undefined, 405, 12, /other methods/],
    ["PUT", ENGINE, "{", 400, 3, /no JSON/],
    ["PUT", ENGINE, [], 400, 3, /^body: must be an object/],
    [
      "PUT",
      ENGINE,
      { stat: "STATE_RUNNING" },
      400,
      3,
      /body\.stat is not known; did you mean state/,
    ],
    ["PUT", ENGINE, { state: "RUNNING" }, 400, 3, /^body\.state: "RUNNING" must be one of/],
    ["PUT", ENGINE, { creator: 5 }, 400, 3, /^body\.creator: must be a string/],
    ["PUT", "workspaces/%20/sandboxEngines/e", undefined, 400, 3, /must be workspaces/],
    ["DELETE", ENGINE, undefined, 404, 5, /was not found/],
    ["POST", "faults", undefined, 400, 3, /must be a fault/],
    ["POST", "faults", [], 400, 3, /must be a fault/],
    ["POST", "faults", { method: "*" }, 400, 3, /^fault: /],
    ["POST", "faults", { method: "Get", fault: "reset" }, 400, 3, /^method: must be/],
    ["POST", "faults", { method: "*", fault: "status", code: "OK" }, 400, 3, /^code: must be/],
    ["DELETE", "faults/9", undefined, 404, 5, /"9" was not found/],
    ["POST", "restart", { downMs: -1 }, 400, 3, /^body\.downMs: must be/],
  ])("answers %s %s with %j by HTTP %i", async (method, path, body, status, code, message) => {
    const stub = await start();
    const answer = await call(stub, method, path, body);
    expect(answer).toMatchObject({
      status,
      body: { code, message: expect.stringMatching(message) },
    });
    expect(Object.keys(Object(answer.body)).sort()).toEqual(["code", "message"]);
    expect((await fetch(`${stub.url}/version`)).status).toBe(200);
  });

  it.each<[control: unknown, message: RegExp]>([
    ["yes", /^control: must be an object/],
    [{}, /^control\.token: must be/],
    [{ token: "a b" }, /^control\.token: must not hold white space/],
    [{ token: "t", port: 1 }, /control\.port is not known/],
    [{ token: "user" }, /^control\.token: must be another one/],
  ])("refuses the option %j", async (control, message) => {
    const options: StubServerOptions = JSON.parse(JSON.stringify({ control }));
    const starting = startStubServer({ ...options, users: { user: "users/a" } });
    await expect(starting).rejects.toThrow(TypeError);
    await expect(starting).rejects.toThrow(message);
  });
});
