import { existsSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { type Command, Option } from "commander";
import { environmentVariable } from "../auth/settings.js";
import {
  type ConnectionConfig,
  connectionFromEnvironment,
  discoverConnection,
  ProcessClient,
  type ProtocolEvent,
  type ResumeEvent,
  type RetryEvent,
} from "../index.js";
import { CliError, EXIT, UsageError } from "./failure.js";
import { Progress, reasonOf } from "./progress.js";
import { aside } from "./stdio.js";

/** The options that tell which AIEM is meant, and how to reach it. Every command has them. */
export interface ConnectionOptions {
  readonly url?: string;
  readonly parent?: string;
  readonly protocol?: "auto" | "grpc" | "rest" | "connect";
  readonly caCert?: string;
  readonly insecureSkipTlsVerify?: boolean;
  readonly allowPlaintextToken?: boolean;
  readonly verbose?: boolean;
  /** Undefined of a command that has no `--local`. */
  readonly local?: boolean | undefined;
}

/** Adds the options of the connection to a command. */
export function withConnection(command: Command): Command {
  return command
    .optionsGroup("Connection:")
    .option("--url <url>", "address of AIEM (default: AIEM_URL, else the H2O CLI's environment)")
    .option("--parent <engine>", "workspaces/W/sandboxEngines/E (default: AIEM_PARENT)")
    .addOption(
      new Option("--protocol <name>", "what to speak").choices(["auto", "grpc", "rest", "connect"]),
    )
    .option("--ca-cert <file>", "PEM file of the certificate authorities to trust")
    .option("--insecure-skip-tls-verify", "take any certificate: for tests only")
    .option("--allow-plaintext-token", "send the token unencrypted to other machines, too")
    .option("-v, --verbose", "tell of causes, retries and resumes")
    .optionsGroup("Options:");
}

/** A client for what the connection options name. */
export interface Session {
  readonly client: ProcessClient;
  /** Tells what is being waited for. */
  readonly progress: Progress;
  /** The name of the engine. */
  parent(): string;
  /** The name of a process that is given by its id, or by its whole name. */
  name(id: string): string;
}

/** Where a connection comes from. */
export interface FoundConnection {
  readonly connection: ConnectionConfig;
  /** In words: an option, the environment, a configuration. */
  readonly source: string;
}

/**
 * Makes a client for the time of a command, and closes it.
 *
 * @param given takes the place of what the options name, such as an embedded engine.
 */
export async function withSession<T>(
  options: ConnectionOptions,
  use: (session: Session) => Promise<T>,
  given?: { readonly connection: ConnectionConfig; readonly parent: string },
): Promise<T> {
  const progress = new Progress();
  let client: ProcessClient | undefined;
  try {
    const connection = given?.connection ?? (await findConnection(options)).connection;
    const parent = () => given?.parent ?? parentOf(options);
    client = new ProcessClient(connection, {
      ...transportOptions(options),
      protocol: options.protocol,
      ...hooks(progress, options.verbose === true),
    });
    return await use({
      client,
      progress,
      parent,
      name: (id) => (id.includes("/") ? id : `${parent()}/processes/${id}`),
    });
  } finally {
    client?.close();
    progress.close();
  }
}

function parentOf(options: ConnectionOptions): string {
  const parent = findParent(options);
  if (parent === undefined) {
    throw new UsageError(
      "no engine is named: pass --parent workspaces/W/sandboxEngines/E, or set AIEM_PARENT",
    );
  }
  return parent;
}

/** The engine that is named, if any. */
export function findParent({ parent }: ConnectionOptions): string | undefined {
  return parent ?? environmentVariable("AIEM_PARENT");
}

/** Finds out which AIEM is meant: an option, the environment, or what the H2O CLI is logged in to. */
export async function findConnection(options: ConnectionOptions): Promise<FoundConnection> {
  if (options.url !== undefined) {
    const tokenProvider = environmentVariable("AIEM_TOKEN");
    return { connection: { aiemUrl: options.url, tokenProvider }, source: "--url" };
  }
  if (environmentVariable("AIEM_URL") !== undefined) {
    return { connection: connectionFromEnvironment(), source: "AIEM_URL" };
  }
  const source = h2oSource();
  if (source === undefined) {
    const ways =
      options.local === undefined
        ? "set AIEM_URL, or log in with the H2O CLI"
        : "set AIEM_URL, log in with the H2O CLI, or pass --local";
    throw new CliError(`no AIEM configured: ${ways}`, { exitCode: EXIT.ownFailure });
  }
  return { connection: await discoverConnection(tlsOptions(options)), source };
}

/** What of the H2O environment is configured here; the order is that of `discoverConnection`. */
function h2oSource(): string | undefined {
  const variables = ["H2O_CLOUD_DISCOVERY", "H2O_CLOUD_ENVIRONMENT", "H2OCONFIG"];
  const variable = variables.find((name) => environmentVariable(name) !== undefined);
  const own = join(homedir(), ".h2oai", "h2o-cli-config.toml");
  return variable ?? (existsSync(own) ? own : undefined);
}

/** The options of a client that tell how to reach the server. */
export function transportOptions(options: ConnectionOptions) {
  return { ...tlsOptions(options), allowPlaintextToken: options.allowPlaintextToken };
}

function tlsOptions({ caCert, insecureSkipTlsVerify }: ConnectionOptions) {
  return { sslCaCert: caCert, verifySsl: insecureSkipTlsVerify === true ? false : undefined };
}

function hooks(progress: Progress, verbose: boolean) {
  const tell = (text: string) => {
    if (verbose) {
      aside(text);
    }
  };
  return {
    onRetry: (event: RetryEvent) => {
      const { method, failures, delayMs } = event;
      progress.retry(event);
      tell(
        `${method} failed (${failures}), again in ${Math.round(delayMs)} ms: ${reasonOf(event)}`,
      );
    },
    onResume: (event: ResumeEvent) => {
      progress.resume();
      tell(`output goes on after ${event.replayedBytes} bytes that were sent again`);
    },
    onProtocol: ({ protocol, reason }: ProtocolEvent) => tell(`speaks ${protocol}: ${reason}`),
  };
}
