import type { Client } from "@connectrpc/connect";
import type { ProcessService } from "../../src/gen.js";
import type { ProcessClient } from "../../src/index.js";
import type { StubEngines, StubOptions } from "../../src/stub/index.js";

/** How to open a target: what every stub understands. */
export type OpenOptions = Pick<StubOptions, "engines" | "secrets" | "users">;

/** A client and the engines behind it, however the two are connected. */
export interface OpenTarget extends AsyncDisposable {
  /** Calls as the first user. */
  readonly client: ProcessClient;
  /** The first engine; its creator is the first user. */
  readonly parent: string;
  /** The engines, from the side of those who run them. They are in this program. */
  readonly engines: StubEngines;
  /** A client like `client` that calls with another token. It is closed with the target. */
  clientAs(token: string): ProcessClient;
}

/** What the core of the contract is tested on: a way from a client to a server. */
export interface ContractTarget<Open extends OpenTarget = OpenTarget> {
  /** Names the way, for the title of the suite. */
  readonly name: string;
  open(options?: OpenOptions): Promise<Open>;
}

/** What the whole contract needs besides its core. */
export interface OpenFullTarget extends OpenTarget {
  /** The names of the methods that `client` has sent so far, one for each request. */
  readonly sent: readonly string[];
  /** The generated client, which checks nothing before it sends; as the first user. */
  readonly service: Client<typeof ProcessService>;
}

/** What the whole contract is tested on. */
export type FullContractTarget = ContractTarget<OpenFullTarget>;

/** A server that can go away and come back, with its engines and processes. */
export interface OpenServerTarget extends OpenFullTarget {
  stop(): Promise<void>;
  listen(): Promise<void>;
}

/** What besides the whole contract outages are tested on. */
export type ServerContractTarget = ContractTarget<OpenServerTarget>;
