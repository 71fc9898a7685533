import { setTimeout as sleep } from "node:timers/promises";
import type { JsonObject, JsonValue } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import { isJsonObject } from "../../rest-rules/json.js";
import { optional, requireString, wholeNumber } from "../../rules/values.js";
import { checkStubOptions, type RulesOf } from "../check-options.js";
import { requireEngineState } from "../engine/engine-options.js";
import {
  failedPrecondition,
  invalidArgument,
  notFound,
  reasonOf,
  shown,
} from "../engine/refusals.js";
import {
  FAULT_METHODS,
  type Fault,
  type FaultTarget,
  type InjectedFault,
  type StubServerFaults,
} from "../faults/stub-faults.js";
import type { StubEngine, StubEngines } from "../stub-engines.js";

/** What the control API works on. */
export interface ControlledStub {
  readonly engines: StubEngines;
  readonly faults: StubServerFaults;
  /** Ends the listener and all connections but the one that comes from this port. */
  stopAllBut(remotePort: number | undefined): Promise<void>;
  listen(): Promise<void>;
  /** Aborts when the stub is closed. */
  readonly closing: AbortSignal;
}

interface EngineBody {
  readonly state?: Parameters<StubEngines["setState"]>[1];
  readonly creator?: string;
}

interface RestartBody {
  readonly downMs?: number;
}

const ENGINE_RULES: RulesOf<EngineBody> = {
  state: optional(requireEngineState),
  creator: optional(requireString),
};

const RESTART_RULES: RulesOf<RestartBody> = { downMs: optional(wholeNumber(0, 600_000)) };

/**
 * The operations of the control API.
 *
 * They throw ConnectErrors, and TypeErrors where the caller asked for what cannot be.
 */
export class ControlOperations {
  readonly #stub: ControlledStub;
  readonly #faults = new Map<
    string,
    { readonly handle: InjectedFault; readonly json: JsonValue }
  >();
  #lastId = 0;

  constructor(stub: ControlledStub) {
    this.#stub = stub;
  }

  getEngine(name: string): JsonValue {
    return engineToJson(this.#engine(name));
  }

  /** Creates an engine, or puts one that is there into a state. */
  async putEngine(name: string, body: JsonValue = {}): Promise<JsonValue> {
    checkStubOptions<EngineBody>("the engine", body, ENGINE_RULES, "body");
    const { engines } = this.#stub;
    const engine = engines.get(name);
    if (engine === undefined) {
      return engineToJson(engines.create(name, body));
    }
    const { state, creator } = body;
    if (creator !== undefined && creator !== engine.creator) {
      throw failedPrecondition(`creator: ${name} was created by ${shown(engine.creator)}`);
    }
    if (state !== undefined) {
      await engines.setState(name, state);
    }
    return engineToJson(engine);
  }

  async deleteEngine(name: string): Promise<JsonValue> {
    await this.#stub.engines.delete(name);
    return {};
  }

  addFault(body: JsonValue | undefined): JsonValue {
    if (!isFault(body)) {
      throw invalidArgument("the body must be a fault, such as {method, fault}, in JSON");
    }
    const handle = this.#stub.faults.add(body);
    this.#lastId += 1;
    const id = String(this.#lastId);
    this.#faults.set(id, { handle, json: { ...body } });
    return this.getFault(id);
  }

  listFaults(): JsonValue {
    return { faults: [...this.#faults.keys()].map((id) => this.getFault(id)) };
  }

  getFault(id: string): JsonValue {
    const { handle, json } = this.#fault(id);
    return { id, fired: handle.fired, fault: json };
  }

  removeFault(id: string): JsonValue {
    this.#fault(id).handle.remove();
    const last = this.getFault(id);
    this.#faults.delete(id);
    return last;
  }

  /** Removes all faults, those that the program added as well, and counts calls from 0 again. */
  clearFaults(): JsonValue {
    this.#faults.clear();
    this.#stub.faults.clear();
    return {};
  }

  calls(): JsonValue {
    const { faults } = this.#stub;
    const methods = FAULT_METHODS.map((method) => [method, faults.calls(method)] as const);
    return { total: faults.calls("*"), methods: Object.fromEntries(methods) };
  }

  /** Returns when the server listens again. */
  async restart(body: JsonValue = {}, remotePort: number | undefined): Promise<JsonValue> {
    checkStubOptions<RestartBody>("the restart", body, RESTART_RULES, "body");
    const { closing } = this.#stub;
    await this.#stub.stopAllBut(remotePort);
    await sleep(body.downMs ?? 0, undefined, { signal: closing }).catch(() => {});
    try {
      await this.#stub.listen();
    } catch (error) {
      throw new ConnectError(`cannot listen again: ${reasonOf(error)}`, Code.Unavailable);
    }
    return {};
  }

  #engine(name: string): StubEngine {
    const engine = this.#stub.engines.get(name);
    if (engine === undefined) {
      throw notFound(`engine ${shown(name)} was not found`);
    }
    return engine;
  }

  #fault(id: string) {
    const fault = this.#faults.get(id);
    if (fault === undefined) {
      throw notFound(`fault ${shown(id)} was not found: it was removed, or never added here`);
    }
    return fault;
  }
}

function engineToJson({ name, state, creator, rootDirectory }: StubEngine): JsonObject {
  return { name, state, creator, rootDirectory };
}

/** Whether it is an object; what is in it, `faults.add` checks. */
function isFault(body: JsonValue | undefined): body is JsonObject & Fault & FaultTarget {
  return isJsonObject(body);
}
