import { create } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import { describe, expect, it } from "vitest";
import { Process_State, ProcessSchema } from "../../src/gen.js";
import { rejection } from "../support/rejection.js";
import type { ProcessServerOptions } from "../transport/support/process-server.js";
import { CLIENTS, servedClient } from "./support/served-clients.js";

const ENGINE = "workspaces/w/sandboxEngines/e";
const NAME = `${ENGINE}/processes/p`;
// A field of 127 bytes that are not there.
const GARBAGE = Buffer.of(0x0a, 0x7f, 0x01);
const TOO_LONG = { a: "x".repeat(5_000) };

/** Lets the calls whose path ends so be answered with what cannot be read. */
function garbageTo(...ends: string[]): Required<Pick<ProcessServerOptions, "instead">> {
  return {
    instead(request, response) {
      const { method, url = "" } = request;
      const [path] = url.split("?");
      if (!ends.some((end) => `${method} ${path}`.endsWith(end))) {
        return false;
      }
      request.resume();
      const type = request.headers["content-type"] ?? "application/json";
      response.statusCode = 200;
      response.setHeader("content-type", type);
      if (type.startsWith("application/grpc")) {
        response.addTrailers({ "grpc-status": "0" });
        response.end(Buffer.concat([Buffer.of(0, 0, 0, 0, GARBAGE.length), GARBAGE]));
      } else {
        response.end(type.startsWith("application/json") ? '{"process":{"args":7}}' : GARBAGE);
      }
      return true;
    },
  };
}

const CREATE = ["/CreateProcess", `POST /v1/${ENGINE}/processes`];
const START = ["/StartProcess", ":start"];
const SIGNAL = ["/SendSignal", ":sendSignal"];
const GET = ["/GetProcess", `GET /v1/${NAME}`];

describe.each(CLIENTS)("an answer that cannot be read, over $title", (way) => {
  function service() {
    const asked: string[] = [];
    const answer = (call: string, name: string, environmentVariables = {}) => {
      asked.push(call);
      const state = Process_State.RUNNING;
      return { process: create(ProcessSchema, { name, state, environmentVariables }) };
    };
    return { asked, answer };
  }

  it("to create or start is followed by a look, whose process is the result", async () => {
    const { asked, answer } = service();
    const client = await servedClient(
      way,
      { getProcess: ({ name }) => answer("get", name) },
      {},
      garbageTo(...CREATE, ...START),
    );
    const created = await client.createProcess(ENGINE, { command: "c" }, { autoRun: true });
    expect(created.state).toBe("STATE_RUNNING");
    expect(await client.startProcess(NAME)).toMatchObject({ name: NAME, state: "STATE_RUNNING" });
    expect(asked).toEqual(["get", "get"]);
  });

  it("to create is sent again, under the same id, where nothing is found", async () => {
    const ids: string[] = [];
    let isGarbled = true;
    const { instead } = garbageTo(...CREATE);
    const client = await servedClient(
      way,
      {
        createProcess: ({ parent, processId }) => {
          ids.push(processId);
          return { process: create(ProcessSchema, { name: `${parent}/processes/${processId}` }) };
        },
        getProcess: ({ name }) => {
          ids.push(name.slice(name.lastIndexOf("/") + 1));
          throw new ConnectError("no such process", Code.NotFound);
        },
      },
      {},
      {
        instead(request, response) {
          const answered = isGarbled && instead(request, response);
          isGarbled &&= !answered;
          return answered;
        },
      },
    );
    const { name } = await client.createProcess(ENGINE, { command: "c" });
    const id = name.slice(name.lastIndexOf("/") + 1);
    expect(ids).toEqual([id, id]);
  });

  it("to a signal is an error that names the process, and the signal is not sent again", async () => {
    let signals = 0;
    const { instead } = garbageTo(...SIGNAL);
    const client = await servedClient(
      way,
      {},
      {},
      {
        instead(request, response) {
          signals += 1;
          return instead(request, response);
        },
      },
    );
    const error = await rejection(client.sendSignal(NAME, "SIGTERM"));
    expect(error).toMatchObject({ code: Code.Internal });
    expect(String(error)).toContain(`SendSignal of ${NAME}: `);
    expect(signals).toBe(1);
  });

  it("to a create and to the look after it is an error that names the process", async () => {
    const client = await servedClient(way, {}, {}, garbageTo(...CREATE, ...GET));
    const error = await rejection(
      client.createProcess(ENGINE, { command: "c" }, { processId: "p" }),
    );
    expect(error).toMatchObject({ code: Code.Internal });
    expect(String(error)).toMatch(
      new RegExp(`CreateProcess of ${NAME}: .*; whether it had its effect is not known`),
    );
  });

  it("because it is too large has had its effect as well", async () => {
    if (way.protocol === "own") {
      return;
    }
    const { asked, answer } = service();
    const client = await servedClient(
      way,
      {
        startProcess: () => answer("start", NAME, TOO_LONG),
        getProcess: ({ name }) => answer("get", name),
      },
      { readMaxBytes: 1_000 },
    );
    expect(await client.startProcess(NAME)).toMatchObject({ state: "STATE_RUNNING" });
    expect(asked).toEqual(["start", "get"]);
  });
});
