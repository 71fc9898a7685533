import { type Client, createClient } from "@connectrpc/connect";
import { onTestFinished } from "vitest";

import { ProcessService } from "../../../src/gen.js";
import { type StubServer, startStubServer } from "../../../src/stub/index.js";
import { authorized } from "../../contract/targets/requests.js";
import type { TestCertificates } from "../../support/certificates.js";
import { inSteps } from "../../support/in-steps.js";
import { type ClientTls, grpc, type TestTransport } from "../server/protocols.js";

/** A plain client of Connect's, which retries nothing. */
export type PlainClient = Client<typeof ProcessService>;

/** A server, and clients of it. */
export interface FaultyServer {
  readonly stub: StubServer;
  /** On a connection that no other client uses. */
  readonly client: PlainClient;
  /** A further client, on a connection of its own. */
  connect(): PlainClient;
  /** Creates a process that a shell runs, and returns its name. */
  create(script: string): Promise<string>;
  /** Starts a process, and returns its name. */
  start(script: string): Promise<string>;
  /** Runs a process to its end, and returns its name. */
  finish(script: string): Promise<string>;
  /** The same with a script of steps, each of which is a message of its own, in this order. */
  finishInSteps(first: string, ...others: string[]): Promise<string>;
}

/** Makes a transport for one protocol. */
export type Protocol = (url: string, tls?: ClientTls) => TestTransport;

/** Starts a server for one test; with certificates, over TLS. */
export async function startFaultyServer(
  protocol: Protocol = grpc,
  certificates?: TestCertificates,
): Promise<FaultyServer> {
  const stub = await startStubServer(
    certificates === undefined ? {} : { tls: certificates.server },
  );
  onTestFinished(() => stub.close());

  function connect(): PlainClient {
    const tls = certificates && { ca: certificates.authority.cert };
    const { transport, close } = protocol(stub.url, tls);
    onTestFinished(close);
    return createClient(ProcessService, authorized(transport, stub.token));
  }

  const helper = connect();

  async function create(script: string, autoRun = false): Promise<string> {
    const command = { command: "/bin/sh", args: ["-c", script] };
    const { process } = await helper.createProcess({
      parent: stub.parent,
      process: command,
      autoRun,
    });
    return process?.name ?? "";
  }

  async function finish(script: string): Promise<string> {
    const name = await create(script, true);
    await helper.waitProcess({ name });
    // What a test counts begins after its preparations.
    stub.faults.clear();
    return name;
  }

  async function finishInSteps(first: string, ...others: string[]): Promise<string> {
    const { script, next } = inSteps(first, ...others);
    const name = await create(script, true);
    for await (const _ of helper.streamOutput({ name })) {
      next(stub.engines.get(stub.parent)?.rootDirectory ?? "");
    }
    stub.faults.clear();
    return name;
  }

  return {
    stub,
    client: connect(),
    connect,
    create: (script) => create(script),
    start: (script) => create(script, true),
    finish,
    finishInSteps,
  };
}

/** What was delivered of a stream, and how it ended: the error, or undefined. */
export interface Delivered {
  readonly text: string;
  readonly error: unknown;
}

/** Reads a stream to its end, however it ends. */
export async function read(
  stream: AsyncIterable<{ readonly data: Uint8Array }>,
): Promise<Delivered> {
  const parts: Uint8Array[] = [];
  let error: unknown;
  try {
    for await (const { data } of stream) {
      parts.push(data);
    }
  } catch (reason) {
    error = reason;
  }
  return { text: Buffer.concat(parts).toString(), error };
}
