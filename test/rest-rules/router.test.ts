import { describe, expect, test } from "vitest";

import { ProcessService } from "../../src/gen.js";
import { readHttpRule } from "../../src/rest-rules/http-rule.js";
import { createRouter } from "../../src/rest-rules/router.js";

const route = createRouter(ProcessService.methods.map(readHttpRule));
const PARENT = "workspaces/w/sandboxEngines/e";
const NAME = `${PARENT}/processes/p`;

/** The RPC that a request is for, and the value of its path variable; else why there is none. */
function found(method: string, path: string): unknown {
  const result = route(method, path);
  return result.kind === "found"
    ? [result.rule.rpc.name, ...result.pathValues.values()]
    : result.kind;
}

describe("a router", () => {
  test.each([
    ["POST", `/v1/${PARENT}/processes`, "CreateProcess", PARENT],
    ["GET", `/v1/${PARENT}/processes`, "ListProcesses", PARENT],
    ["GET", `/v1/${NAME}`, "GetProcess", NAME],
    ["POST", `/v1/${NAME}:start`, "StartProcess", NAME],
    ["POST", `/v1/${NAME}:sendSignal`, "SendSignal", NAME],
    ["POST", `/v1/${NAME}:wait`, "WaitProcess", NAME],
    ["GET", `/v1/${NAME}:readOutput`, "ReadOutput", NAME],
    ["GET", `/v1/${NAME}:readOutputFrames`, "ReadOutputFrames", NAME],
    ["GET", `/v1/${NAME}:streamOutput`, "StreamOutput", NAME],
  ])("finds %s %s", (method, path, rpc, value) => {
    expect(found(method, path)).toEqual([rpc, value]);
  });

  test("takes %2F for a slash, and decodes the rest once", () => {
    const encoded = "/v1/workspaces%2fw%2FsandboxEngines%2F%25e%2Fprocesses%2Fp%20q%3Await";
    expect(found("POST", encoded)).toEqual([
      "WaitProcess",
      "workspaces/w/sandboxEngines/%e/processes/p q",
    ]);
  });

  test("takes a verb that it does not know as a part of the id", () => {
    expect(found("GET", `/v1/${NAME}:unknownVerb`)).toEqual(["GetProcess", `${NAME}:unknownVerb`]);
    expect(found("GET", `/v1/${NAME}:start`)).toEqual(["GetProcess", `${NAME}:start`]);
    expect(found("POST", `/v1/${NAME}:a:start`)).toEqual(["StartProcess", `${NAME}:a`]);
    const unnamed = `${PARENT}/processes/:undefined`;
    expect(found("GET", `/v1/${unnamed}`)).toEqual(["GetProcess", unnamed]);
  });

  test.each([
    ["DELETE", `/v1/${NAME}`],
    ["POST", `/v1/${NAME}`],
    ["HEAD", `/v1/${NAME}`],
    ["get", `/v1/${NAME}`],
    ["PUT", `/v1/${NAME}:start`],
    ["PATCH", `/v1/${PARENT}/processes`],
    ["", `/v1/${PARENT}/processes`],
  ])("tells that %j %s is known by other methods", (method, path) => {
    expect(found(method, path)).toBe("other method");
  });

  test.each([
    ["GET", "/"],
    ["GET", "/v1"],
    ["GET", `/v2/${NAME}`],
    ["GET", `/v1/${NAME}/x`],
    ["GET", `/v1/${NAME}/`],
    ["GET", `//v1/${NAME}`],
    ["GET", `/V1/${NAME}`],
    ["GET", `/v1/${PARENT}`],
    ["POST", `/v1/${PARENT}/processes/:start`],
    ["POST", "/ai.h2o.engine.sandbox.v1.ProcessService/GetProcess"],
  ])("tells that it does not know %s %s", (method, path) => {
    expect(found(method, path)).toBe("unknown path");
  });

  test.each(["", "*", "v1", "/v1/%", "/v1/%zz", "/v1/%ff", "/%c3%28"])(
    "tells that %j is malformed",
    (path) => {
      expect(found("GET", path)).toBe("malformed path");
    },
  );

  test("leaves empty segments to the service, as grpc-gateway does", () => {
    expect(found("GET", `/v1/${PARENT}/processes/`)).toEqual([
      "GetProcess",
      `${PARENT}/processes/`,
    ]);
  });
});
