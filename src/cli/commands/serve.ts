import type { Command } from "commander";
import { isLoopbackHost } from "../../model/loopback.js";
import type { StubCall, StubServer } from "../../stub/index.js";
import { runChild } from "../child-command.js";
import { CliError, errorCode, messageOf, UsageError } from "../failure.js";
import { collect, parsePort } from "../option-values.js";
import { writeReadyFile } from "../ready-file.js";
import { readFaults, type ServedOptions, stubOptionsOf } from "../serve-options.js";
import { ENDING_SIGNALS, type EndingSignal, exitCodeOfSignal, onSignals } from "../signals.js";
import { aside, note, print, printJson } from "../stdio.js";
import { printable } from "../text.js";

interface ServeOptions extends ServedOptions {
  readonly faults?: string;
  readonly readyFile?: string;
  readonly json?: boolean;
  readonly verbose?: boolean;
}

/** `serve`: the embedded engine as a server, for tests in any language. */
export function addServe(program: Command): void {
  program
    .command("serve")
    .description("Serve an engine of this machine, for tests in any language. It isolates nothing.")
    .usage("[options] [-- COMMAND ARGS...]")
    .argument("[command]", "runs for as long as the server is there, with AIEM_URL, AIEM_TOKEN, …")
    .argument("[args...]", "its arguments, as they are")
    .passThroughOptions()
    .option("--host <address>", "the interface to listen on (default: 127.0.0.1)")
    .option("--port <number>", "the port to listen on; 0 is one that is free", parsePort, 0)
    .option(
      "--parent <engine>",
      "an engine to create, workspaces/W/sandboxEngines/E; repeatable",
      collect,
    )
    .option("--user <TOKEN=SUBJECT>", "who may call; the first one creates the engines", collect)
    .option("--secret <NAME=VALUE>", "the value of workspaces/*/secrets/*/versions/*", collect)
    .option("--tls-cert <file>", "serve TLS with this certificate, in PEM")
    .option("--tls-key <file>", "the private key of the certificate, in PEM")
    .option("--faults <file>", "faults to inject, a JSON array of what faults.add takes")
    .option("--control", "serve the control API, for tests that inject faults themselves")
    .option("--ready-file <file>", "write what --json shows there, once it listens")
    .option("--json", "show {url, token, parent, port, pid, …} on stdout, in place of: ready URL")
    .option("-v, --verbose", "log each call on stderr")
    .addHelpText(
      "after",
      `
Alone it runs until INT, TERM, HUP or QUIT, and ends 0. With COMMAND it ends as
that does:
  aiem-process serve -- pytest -q
COMMAND finds AIEM_URL, AIEM_TOKEN and AIEM_PARENT; for a login,
H2O_CLOUD_ENVIRONMENT and H2O_CLOUD_CLIENT_PLATFORM_TOKEN; with --control,
AIEM_CONTROL_URL and AIEM_CONTROL_TOKEN.`,
    )
    .action(serve);
}

async function serve(
  command: string | undefined,
  args: readonly string[],
  options: ServeOptions,
): Promise<void> {
  if (command !== undefined && options.json) {
    throw new UsageError("--json cannot go with COMMAND, whose stdout it is: use --ready-file");
  }
  // From here on, so that no signal leaves anything behind.
  const stop = new StopSignal();
  try {
    await withStub(options, async (stub) => {
      process.exitCode =
        command === undefined
          ? await untilStopped(stub, options, stop)
          : (stop.exitCode ?? (await runChild(command, args, environmentOf(stub))));
    });
  } finally {
    stop.release();
  }
}

/** Serves alone, until a signal ends it. */
async function untilStopped(
  stub: StubServer,
  { json, user }: ServeOptions,
  stop: StopSignal,
): Promise<number> {
  await (json ? printJson(readyOf(stub)) : print(`ready ${stub.url}\n`));
  // Of one's own tokens nobody has to be told.
  if (!json && process.stderr.isTTY && user === undefined) {
    const { url, token, parent } = stub;
    aside(`export AIEM_URL=${url} AIEM_TOKEN=${token} AIEM_PARENT=${parent}`);
  }
  await stop.received;
  // Whoever cannot wait for the end sends another one, and then Node.js ends this program at once.
  stop.release();
  return 0;
}

/** A signal that ends programs, once it was received. */
class StopSignal {
  /** Resolves with the first one. */
  readonly received: Promise<void>;
  readonly release: () => void;
  #first: EndingSignal | undefined;

  constructor() {
    let resolve = () => {};
    this.received = new Promise((received) => {
      resolve = received;
    });
    this.release = onSignals(ENDING_SIGNALS, (signal) => {
      this.#first ??= signal;
      resolve();
    });
  }

  /** What a command would have ended with that the signal kept from being started. */
  get exitCode(): number | undefined {
    return this.#first && exitCodeOfSignal(this.#first);
  }
}

/** Uses a server that listens, has its faults, and has told so in the ready file; then ends it. */
async function withStub(
  options: ServeOptions,
  use: (stub: StubServer) => Promise<void>,
): Promise<void> {
  const stub = await start(options);
  let removeReadyFile: (() => void) | undefined;
  try {
    addFaults(stub, options.faults);
    if (options.readyFile !== undefined) {
      removeReadyFile = writeReadyFile(options.readyFile, `${JSON.stringify(readyOf(stub))}\n`);
    }
    await use(stub);
  } finally {
    removeReadyFile?.();
    await stub.close();
  }
}

async function start(options: ServeOptions): Promise<StubServer> {
  if (process.platform !== "linux") {
    throw new CliError(`serve works on Linux only, and this is ${process.platform}`);
  }
  const stubOptions = stubOptionsOf(options);
  const { startStubServer } = await import("../../stub/index.js");
  const onCall = options.verbose ? { onCall: logCall } : {};
  let stub: StubServer;
  try {
    stub = await startStubServer({ ...stubOptions, ...onCall });
  } catch (error) {
    throw notStarted(error, options);
  }
  if (options.host !== undefined && !isLoopbackHost(options.host)) {
    note(
      `warning: ${options.host} is reached from other machines, and the engine isolates nothing: whoever has a token can run any program here as this user`,
    );
  }
  return stub;
}

/** How the stub's options are called on a command line. */
const OPTION_NAMES: Readonly<Record<string, string>> = {
  engines: "--parent",
  host: "--host",
  port: "--port",
  secrets: "--secret",
  tls: "--tls-cert, --tls-key",
  users: "--user",
};

function notStarted(error: unknown, { host = "127.0.0.1", port }: ServeOptions): unknown {
  if (error instanceof TypeError) {
    const text = error.message
      .replace("give users with", "pass --user with")
      .replace(/^\w+(?=:)/, (name) => OPTION_NAMES[name] ?? name)
      .replace(/^engine /, "--parent: engine ")
      .replace(/^(?=secret |the value of secret )/, "--secret: ");
    return new UsageError(text, { cause: error });
  }
  const code = errorCode(error);
  if (code === undefined) {
    return error;
  }
  const text =
    code === "EADDRINUSE"
      ? `port ${port} of ${host} is taken: pass another --port, or 0 for one that is free`
      : `cannot listen on port ${port} of ${host}: ${messageOf(error)}`;
  return new CliError(text, { cause: error });
}

function addFaults(stub: StubServer, path: string | undefined): void {
  for (const [index, fault] of (path === undefined ? [] : readFaults(path)).entries()) {
    try {
      stub.faults.add(fault);
    } catch (error) {
      throw new UsageError(`--faults: [${index}] of ${path}: ${messageOf(error)}`, {
        cause: error,
      });
    }
  }
}

/** What is told of a server that listens. */
function readyOf({ url, token, parent, port, platform, control }: StubServer): object {
  return {
    url,
    token,
    parent,
    port,
    pid: process.pid,
    refreshToken: platform.refreshToken,
    controlUrl: control?.url,
    controlToken: control?.token,
  };
}

/** The environment of a command that is to find the server, and no other AIEM. */
function environmentOf({ url, token, parent, platform, control }: StubServer): NodeJS.ProcessEnv {
  return {
    ...process.env,
    // They would win over the environment that is served.
    H2O_CLOUD_DISCOVERY: undefined,
    H2O_CLOUD_TOKEN_ENDPOINT_URL: undefined,
    AIEM_URL: url,
    AIEM_TOKEN: token,
    AIEM_PARENT: parent,
    H2O_CLOUD_ENVIRONMENT: url,
    H2O_CLOUD_CLIENT_PLATFORM_TOKEN: platform.refreshToken,
    ...(control !== undefined && {
      AIEM_CONTROL_URL: control.url,
      AIEM_CONTROL_TOKEN: control.token,
    }),
  };
}

function logCall({ protocol, method, resource, status, message, durationMs }: StubCall): void {
  const time = new Date().toISOString().slice(11, -1);
  const end = message === "" ? status : `${status} (${message})`;
  note(
    `${time} ${protocol} ${method} ${printable(resource)} ${printable(end)} ${Math.round(durationMs)} ms`,
  );
}
