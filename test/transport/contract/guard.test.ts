import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { Code, ConnectError, type ServiceImpl } from "@connectrpc/connect";
import { describe, expect, test } from "vitest";
import {
  OutputFrameSchema,
  OutputStream,
  ProcessSchema,
  Process_State as State,
} from "../../../gen/ai/h2o/engine/sandbox/v1/process_pb.js";
import {
  GetProcessResponseSchema,
  type ProcessService,
  StreamOutputResponseSchema,
} from "../../../gen/ai/h2o/engine/sandbox/v1/process_service_pb.js";
import { ContractMismatchError, type ProcessClient } from "../../../src/index.js";
import { collect } from "../../support/collect.js";
import { PROCESS } from "../support/process-name.js";
import { asking } from "./support/asking-client.js";
import { PARENT, processIn } from "./support/guarded-service.js";

type Service = Partial<ServiceImpl<typeof ProcessService>>;
type Call = (client: ProcessClient) => Promise<unknown>;

const TIME = { seconds: 1_000n };
const OTHER = { no: 99, wireType: 0, data: Uint8Array.of(1) };

const get: Call = (client) => client.getProcess(PROCESS);

function answering(process: MessageInitShape<typeof ProcessSchema>): Service {
  return { getProcess: () => ({ process }) };
}

function answeringIn(state: State, more: Parameters<typeof processIn>[1]): Service {
  return answering(processIn(state, more));
}

// What is asked for has a directory and variables, which the answer must have, too.
const SPEC = {
  command: "date",
  args: ["-u"],
  workingDirectory: "/data/",
  environmentVariables: { A: "1" },
  secretEnvironmentVariables: { S: { secretVersion: "workspaces/w/secrets/s/versions/1" } },
};
const createIt: Call = (client) => client.createProcess(PARENT, SPEC, { processId: "p" });
const MADE = { name: `${PARENT}/processes/p`, ...SPEC, command: "/usr/bin/date" };

function making(more: Parameters<typeof processIn>[1], state = State.PENDING): Service {
  return { createProcess: () => ({ process: processIn(state, { ...MADE, ...more }) }) };
}

function withUnknown<T extends object>(message: T): T {
  return Object.assign(message, { $unknown: [OTHER] });
}

const UNTRUE: [what: string, call: Call, service: Service, message: RegExp][] = [
  [
    "an unknown field of an answer",
    get,
    {
      getProcess: () =>
        withUnknown(create(GetProcessResponseSchema, { process: processIn(State.RUNNING) })),
    },
    /GetProcessResponse has a field with the number 99/,
  ],
  [
    "an unknown field of a process",
    get,
    answering(withUnknown(create(ProcessSchema, processIn(State.RUNNING)))),
    /Process has a field with the number 99/,
  ],
  ["no state", get, answeringIn(State.UNSPECIFIED, {}), /a process is UNSPECIFIED/],
  ["an unknown state", get, answeringIn(17 as State, {}), /the state 17, which is none/],
  [
    "a pending process with a start",
    get,
    answeringIn(State.PENDING, { startTime: TIME }),
    /PENDING with a start time/,
  ],
  [
    "a running process without a start",
    get,
    answering({ ...processIn(State.PENDING), state: State.RUNNING }),
    /RUNNING without a start time/,
  ],
  [
    "a running process with an end",
    get,
    answeringIn(State.RUNNING, { endTime: TIME }),
    /RUNNING with an end time/,
  ],
  [
    "a running process with an exit code",
    get,
    answeringIn(State.RUNNING, { exitCode: 3 }),
    /RUNNING with the exit code 3/,
  ],
  [
    "a pending process with an exit code",
    get,
    answeringIn(State.PENDING, { exitCode: -1 }),
    /PENDING with the exit code -1/,
  ],
  [
    "a final process without an end",
    get,
    answering({ ...processIn(State.RUNNING), state: State.FAILED }),
    /FAILED without an end time/,
  ],
  [
    "a process that succeeded with 1",
    get,
    answeringIn(State.SUCCEEDED, { exitCode: 1 }),
    /SUCCEEDED with the exit code 1/,
  ],
  [
    "a process that succeeded with 128",
    get,
    answeringIn(State.SUCCEEDED, { exitCode: 128 }),
    /SUCCEEDED with the exit code 128/,
  ],
  [
    "a process that failed with 0",
    get,
    answeringIn(State.FAILED, { exitCode: 0 }),
    /FAILED with exit code 0/,
  ],
  ["a process without a command", get, answeringIn(State.RUNNING, { command: "" }), /no command/],
  [
    "a page that is too long",
    (client) => client.listProcesses(PARENT, { pageSize: 1 }),
    {
      listProcesses: () => ({
        processes: [processIn(State.RUNNING), processIn(State.RUNNING)],
      }),
    },
    /a page of at most 1 processes has 2/,
  ],
  [
    "a list that is not filtered",
    (client) => client.listProcesses(PARENT, { filter: "state = STATE_FAILED" }),
    {},
    /the filter state = STATE_FAILED has a process that is RUNNING/,
  ],
  [
    "a frame of no stream",
    (client) => client.readOutputFrames(PROCESS),
    { readOutputFrames: () => ({ frames: [{ data: Buffer.from("x") }] }) },
    /a frame of output is of the stream UNSPECIFIED/,
  ],
  [
    "a frame of both streams",
    (client) => client.readOutputFrames(PROCESS),
    {
      readOutputFrames: () => ({
        frames: [
          create(OutputFrameSchema, { stream: OutputStream.COMBINED, data: Buffer.from("x") }),
        ],
      }),
    },
    /a frame of output is of the stream COMBINED/,
  ],
  [
    "live output of no stream",
    (client) => collect(client.streamOutput(PROCESS)),
    {
      async *streamOutput() {
        yield { data: Buffer.from("x") };
      },
    },
    /a frame of output is of the stream UNSPECIFIED/,
  ],
  [
    "an unknown field of live output",
    (client) => collect(client.streamOutput(PROCESS)),
    {
      async *streamOutput() {
        yield withUnknown(
          create(StreamOutputResponseSchema, {
            stream: OutputStream.STDOUT,
            data: Buffer.from("x"),
          }),
        );
      },
    },
    /StreamOutputResponse has a field with the number 99/,
  ],
  [
    "a created process that runs",
    createIt,
    making({}, State.RUNNING),
    /not to be started is RUNNING/,
  ],
  ["another command", createIt, making({ command: "/usr/bin/update" }), /with another command/],
  ["other arguments", createIt, making({ args: [] }), /with other arguments/],
  [
    "another directory",
    createIt,
    making({ workingDirectory: "/" }),
    /with another working directory/,
  ],
  [
    "no variables",
    createIt,
    making({ environmentVariables: {} }),
    /with other environment variables/,
  ],
  [
    "a secret among the variables",
    createIt,
    making({
      environmentVariables: { A: "1", S: "2" },
      secretEnvironmentVariables: {},
    }),
    /with other environment variables/,
  ],
];

const ALARMS_ALWAYS: [what: string, call: Call, service: Service, message: RegExp][] = [
  [
    "another process",
    get,
    answeringIn(State.RUNNING, { name: `${PARENT}/processes/other` }),
    /answered with the process/,
  ],
  [
    "a list of another engine",
    (client) => client.listProcesses(PARENT),
    {
      listProcesses: () => ({
        processes: [
          processIn(State.RUNNING, { name: "workspaces/w/sandboxEngines/o/processes/p" }),
        ],
      }),
    },
    /answered with the process/,
  ],
];

describe.each(["grpc", "connect"] as const)("over %s, where nobody vouches", (protocol) => {
  test.each([...UNTRUE, ...ALARMS_ALWAYS])(
    "%s is a ContractMismatchError, and never retried",
    async (_, call, service, message) => {
      let count = 0;
      const counting = Object.fromEntries(
        Object.entries(service).map(([name, handle]) => [
          name,
          (...args: never[]) => {
            count += 1;
            return (handle as (...args: never[]) => unknown)(...args);
          },
        ]),
      );
      const { client } = await asking(undefined, {}, { protocol }, counting);
      const error = await call(client).then(
        () => undefined,
        (thrown) => thrown,
      );
      expect(error).toBeInstanceOf(ContractMismatchError);
      expect(error).toMatchObject({
        code: Code.Internal,
        message: expect.stringMatching(message),
        resource: expect.stringMatching(/^workspaces\/w\/sandboxEngines\/e/),
      });
      expect(count).toBeLessThanOrEqual(1);
    },
  );
});

describe("where numbers are vouched for", () => {
  test.each(UNTRUE)("%s is no alarm", async (_, call, service) => {
    const { client } = await asking(undefined, { contract: "built-in" }, {}, service);
    await expect(call(client)).resolves.toBeDefined();
  });

  test.each(ALARMS_ALWAYS)("%s is an alarm all the same", async (_, call, service, message) => {
    const { client } = await asking(undefined, { contract: "built-in" }, {}, service);
    await expect(call(client)).rejects.toThrow(message);
    await expect(call(client)).rejects.toBeInstanceOf(ContractMismatchError);
  });
});

const TRUE: [what: string, call: Call, service: Service][] = [
  [
    "a final process without a start",
    get,
    answering({ ...processIn(State.FAILED), startTime: undefined }),
  ],
  [
    "a failed process without an exit code",
    get,
    answering({ ...processIn(State.FAILED), exitCode: undefined }),
  ],
  [
    "a process that a signal ended, as succeeded",
    get,
    answeringIn(State.SUCCEEDED, { exitCode: 137 }),
  ],
  ["clocks that go back", get, answeringIn(State.SUCCEEDED, { endTime: { seconds: 1n } })],
  ["a running process with an explicit 0", get, answeringIn(State.RUNNING, { exitCode: 0 })],
  [
    "an echo with a resolved command and directory",
    createIt,
    making({ workingDirectory: "/data" }),
  ],
  [
    "an echo without the values of variables",
    createIt,
    making({ environmentVariables: { A: "" } }),
  ],
  [
    "the wildcard in a name",
    (client) => client.startProcess("workspaces/-/sandboxEngines/-/processes/p"),
    {
      getProcess: () => ({ process: processIn(State.PENDING) }),
      startProcess: () => ({ process: processIn(State.RUNNING) }),
    },
  ],
  [
    "the wildcard in a parent",
    (client) => client.listProcesses("workspaces/-/sandboxEngines/-"),
    { listProcesses: () => ({ processes: [processIn(State.RUNNING)] }) },
  ],
  [
    "an answer that is too large",
    (client) =>
      expect(client.readOutput(PROCESS)).rejects.toMatchObject({ code: Code.ResourceExhausted }),
    { readOutput: () => ({ data: new Uint8Array(2_000) }) },
  ],
];

describe("what a server says of a request", () => {
  const HINT = "see the option contract";

  test.each([
    ["that it cannot read", Code.Internal],
    ["that it reads as a bad one", Code.InvalidArgument],
  ])("%s may be due to its numbers, where nobody vouches", async (_, code) => {
    const service: Service = {
      createProcess: () => {
        throw new ConnectError("cannot parse invalid wire-format data", code);
      },
    };
    const { client } = await asking(undefined, {}, {}, service);
    const message = "cannot parse invalid wire-format data; the server may number";
    const hinting = { code, message: expect.stringContaining(message) };
    await expect(createIt(client)).rejects.toMatchObject(hinting);
    const { client: vouched } = await asking(undefined, { contract: "built-in" }, {}, service);
    await expect(createIt(vouched)).rejects.toMatchObject({
      message: expect.not.stringContaining(HINT),
    });
  });

  test("of the process itself is left as it is", async () => {
    const service: Service = {
      startProcess: () => {
        throw new ConnectError("not in running state", Code.FailedPrecondition);
      },
    };
    const { client } = await asking(undefined, {}, {}, service);
    await expect(client.startProcess(PROCESS)).rejects.toMatchObject({
      rawMessage: "not in running state",
    });
  });
});

test.each(TRUE)("%s is no alarm, where nobody vouches", async (_, call, service) => {
  const { client } = await asking(undefined, {}, { readMaxBytes: 1_000 }, service);
  await call(client);
});

describe("nothing is executed before an answer was understood", () => {
  test("createProcess with autoRun creates, looks at the answer, and starts", async () => {
    const { client, calls } = await asking(undefined);
    const made = await client.createProcess(PARENT, SPEC, { autoRun: true });
    expect(made.state).toBe("STATE_RUNNING");
    expect(calls).toEqual(["create", "get", "start"]);
  });

  test("createProcess with autoRun starts nothing that it did not ask for", async () => {
    const { client, calls } = await asking(undefined, {}, {}, making({ args: ["-s"] }));
    const creating = client.createProcess(PARENT, SPEC, { processId: "p", autoRun: true });
    await expect(creating).rejects.toMatchObject({
      name: "ContractMismatchError",
      message: expect.stringContaining(MADE.name),
    });
    expect(calls).toEqual([]);
  });

  test("createProcess with autoRun looks at what it finds after a lost answer, too", async () => {
    const { client, calls, server } = await asking(
      undefined,
      {},
      {},
      {
        createProcess(_, { signal }) {
          for (const session of server.sessions) {
            session.destroy();
          }
          return new Promise((_resolve, reject) => {
            signal.addEventListener("abort", () => reject(signal.reason));
          });
        },
        getProcess: ({ name }) => ({
          process: processIn(State.PENDING, { ...MADE, name, args: [] }),
        }),
      },
    );
    const creating = client.createProcess(PARENT, SPEC, { autoRun: true });
    await expect(creating).rejects.toThrow(/with other arguments/);
    expect(calls).toEqual([]);
  });

  test("runProcess goes the same way", async () => {
    const { client, calls } = await asking(undefined);
    const { stdout } = await client.runProcess(PARENT, SPEC);
    expect(stdout.text()).toBe("out");
    expect(calls.slice(0, 3)).toEqual(["create", "get", "start"]);
    expect(calls).not.toContain("create and run");
  });

  test("createProcess with autoRun is one call where numbers are vouched for", async () => {
    const { client, calls } = await asking(undefined, { contract: "built-in" });
    await client.createProcess(PARENT, SPEC, { autoRun: true });
    expect(calls).toEqual(["create and run"]);
  });

  test.each<[string, Call]>([
    ["startProcess", (client) => client.startProcess(PROCESS)],
    ["sendSignal", (client) => client.sendSignal(PROCESS, 15)],
  ])("%s is not sent where the look at the process cannot be true", async (_, call) => {
    const another = answeringIn(State.RUNNING, { name: `${PARENT}/processes/other` });
    const { client, calls } = await asking(undefined, {}, {}, another);
    await expect(call(client)).rejects.toThrow(/is not about .*\/p, which was asked for/);
    expect(calls).toEqual([]);
  });

  test("startProcess names the process of an answer that cannot be true", async () => {
    const { client } = await asking(
      undefined,
      {},
      {},
      {
        startProcess: () => ({ process: processIn(State.RUNNING, { endTime: TIME }) }),
      },
    );
    await expect(client.startProcess(PROCESS)).rejects.toMatchObject({
      name: "ContractMismatchError",
      method: "StartProcess",
      resource: PROCESS,
      message: expect.stringMatching(`StartProcess of ${PROCESS}: .*had its effect, perhaps`),
    });
  });
});
