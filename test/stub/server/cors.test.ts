import { Code, ConnectError, createClient } from "@connectrpc/connect";
import { describe, expect, onTestFinished, test } from "vitest";

import { ProcessService } from "../../../src/gen.js";
import { type StubCors, type StubServer, startStubServer } from "../../../src/stub/index.js";
import { rejection } from "../../support/rejection.js";
import { PROTOCOLS } from "./protocols.js";

const PAGE = "http://localhost:5173";
const OTHER = "http://localhost:5174";
const PATH = "/ai.h2o.engine.sandbox.v1.ProcessService/GetProcess";

async function start(cors?: StubCors): Promise<StubServer> {
  const stub = await startStubServer(cors && { cors });
  onTestFinished(() => stub.close());
  return stub;
}

/** What a browser asks before a call, as its page may not send these headers unasked. */
function preflight(stub: StubServer, origin: string): Promise<Response> {
  return fetch(stub.url + PATH, {
    method: "OPTIONS",
    headers: {
      origin,
      "access-control-request-method": "POST",
      "access-control-request-headers": "authorization,content-type,x-grpc-web,x-mine",
    },
  });
}

const allowed = ({ headers }: { headers: Headers }) => headers.get("access-control-allow-origin");

describe("a page of an origin that is listed", () => {
  test("is let call, with the headers that it names", async () => {
    const stub = await start({ origins: ["https://example.com", PAGE] });
    const response = await preflight(stub, PAGE);
    expect(response.status).toBe(204);
    expect(allowed(response)).toBe(PAGE);
    expect(response.headers.get("vary")).toBe("origin");
    expect(response.headers.get("access-control-allow-methods")).toContain("POST");
    expect(response.headers.get("access-control-allow-headers")).toBe(
      "authorization,content-type,x-grpc-web,x-mine",
    );
  });

  test.each(PROTOCOLS)("may read what a failed call over %s says", async (_name, make) => {
    const stub = await start({ origins: [PAGE] });
    const { transport, close } = make(stub.url);
    onTestFinished(close);
    const call = createClient(ProcessService, transport).getProcess(
      { name: `${stub.parent}/processes/p` },
      { headers: { origin: PAGE, authorization: `Bearer ${stub.token}` } },
    );
    const { code, metadata } = ConnectError.from(await rejection(call));
    expect(code).toBe(Code.NotFound);
    expect(metadata.get("access-control-allow-origin")).toBe(PAGE);
    const exposed = metadata.get("access-control-expose-headers")?.toLowerCase().split(", ");
    expect(exposed).toEqual(
      expect.arrayContaining(["grpc-status", "grpc-message", "grpc-status-details-bin"]),
    );
  });

  test("still needs a token", async () => {
    const stub = await start({ origins: "*" });
    const headers = { origin: PAGE, "content-type": "application/json" };
    const response = await fetch(stub.url + PATH, { method: "POST", headers, body: "{}" });
    expect(response.status).toBe(401);
    expect(allowed(response)).toBe("*");
  });
});

describe("a page of another origin", () => {
  test.each<[string, StubCors | undefined]>([
    ["than those listed", { origins: [PAGE] }],
    ["where nothing is said of origins", undefined],
  ])("%s is not let call", async (_title, cors) => {
    const stub = await start(cors);
    const response = await preflight(stub, OTHER);
    expect(response.status).not.toBe(204);
    expect(allowed(response)).toBeNull();
    expect(allowed(await fetch(`${stub.url}/version`, { headers: { origin: OTHER } }))).toBeNull();
  });

  test("is let call where every origin is", async () => {
    expect(allowed(await preflight(await start({ origins: "*" }), OTHER))).toBe("*");
  });
});

test.each([[[]], [[`${PAGE}/`]], [["localhost:5173"]], [["null"]], [["*"]]])(
  "origins that cannot be are refused: %j",
  async (origins) => {
    await expect(startStubServer({ cors: { origins } })).rejects.toThrow(TypeError);
  },
);
