import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { describe, expect, test } from "vitest";

import { OutputStream, Process_State, ProcessService } from "../../src/gen.js";
import { FieldValueError } from "../../src/rest-rules/field-values.js";
import { readHttpRule } from "../../src/rest-rules/http-rule.js";
import { renderRequest } from "../../src/rest-rules/request.js";

const PARENT = "workspaces/w/sandboxEngines/e";
const NAME = `${PARENT}/processes/p`;

type Methods = typeof ProcessService.method;

function render<Name extends keyof Methods>(
  name: Name,
  message: MessageInitShape<Methods[Name]["input"]>,
) {
  const rpc = ProcessService.method[name];
  return renderRequest(readHttpRule(rpc), create(rpc.input, message));
}

describe("renderRequest", () => {
  test("puts one field into the body, and the others into path and query", () => {
    const process = { command: "ls", environmentVariables: { A: "1" } };
    expect(
      render("createProcess", { parent: PARENT, process, processId: "p 1&é", autoRun: true }),
    ).toEqual({
      method: "POST",
      path: `/v1/${PARENT}/processes`,
      query: "processId=p%201%26%C3%A9&autoRun=true",
      body: '{"command":"ls","environmentVariables":{"A":"1"}}',
    });
  });

  test("has no body where the field is unset, and an empty one where it is set and empty", () => {
    expect(render("createProcess", { parent: PARENT }).body).toBeUndefined();
    expect(render("createProcess", { parent: PARENT, process: {} }).body).toBe("{}");
  });

  test("puts everything that is not in the path into a body of *", () => {
    expect(render("sendSignal", { name: NAME, signal: 15 })).toEqual({
      method: "POST",
      path: `/v1/${NAME}:sendSignal`,
      query: "",
      body: '{"signal":15}',
    });
    expect(render("startProcess", { name: NAME }).body).toBe("{}");
  });

  test("leaves out of the query what is unset, and names enum values", () => {
    expect(render("readOutput", { name: NAME }).query).toBe("");
    expect(render("readOutput", { name: NAME, outputStream: OutputStream.COMBINED }).query).toBe(
      "outputStream=OUTPUT_STREAM_COMBINED",
    );
    const process = { state: Process_State.RUNNING, exitCode: 0 };
    expect(render("createProcess", { parent: PARENT, process }).body).toBe(
      '{"state":"STATE_RUNNING","exitCode":0}',
    );
  });

  test("encodes each segment of a path variable, and keeps its slashes", () => {
    const name = "workspaces/a b/sandboxEngines/é?#%/processes/!'()*:@";
    expect(render("getProcess", { name }).path).toBe(
      "/v1/workspaces/a%20b/sandboxEngines/%C3%A9%3F%23%25/processes/%21%27%28%29%2A%3A%40",
    );
    expect(render("getProcess", { name: `${PARENT}/processes/aZ0-._~` }).path).toBe(
      `/v1/${PARENT}/processes/aZ0-._~`,
    );
  });

  test.each([
    "",
    PARENT,
    `/${NAME}`,
    `${NAME}/`,
    `${NAME}/x`,
    `${PARENT}/processes/`,
    `${PARENT}/processes/.`,
    `${PARENT}/processes/..`,
    "workspaces//sandboxEngines/e/processes/p",
    "workspaces/../sandboxEngines/e/processes/p",
    "Workspaces/w/sandboxEngines/e/processes/p",
    `${PARENT}/processes/\ud800`,
  ])("refuses %j, which does not match, and says what does", (name) => {
    expect(() => render("getProcess", { name })).toThrow(FieldValueError);
    expect(() => render("getProcess", { name })).toThrow(
      'field "name": must match workspaces/*/sandboxEngines/*/processes/*, but is ',
    );
  });

  test("refuses text that no URL can carry, and names the field", () => {
    const message = { parent: PARENT, pageToken: "\udc00" };
    expect(() => render("listProcesses", message)).toThrow('"page_token"');
  });
});
