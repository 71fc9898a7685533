// @ts-check
import { ProcessClient } from "aiem-process-client";
import { ask, message, start, stop } from "./processes.mjs";

/** @typedef {import("./processes.mjs").ChildProcess} ChildProcess */

/**
 * @typedef {object} RawServer
 * @property {string} parent
 * @property {number} usual the port of HTTP/2 with 100 streams a connection
 * @property {number} unlimited the port of HTTP/2 with any number of them
 * @property {number} http1
 */

const STREAMS_A_CONNECTION = 100;
const DELAY_MS = 10;
// How long a program may take longer than its sample. One whose event loop is busy with itself cannot
// tell that it is late.
const GRACE_SECONDS = 30;
const TOKEN = "bench-token-of-a-length-that-tokens-have-0123456789";

/** The programs of a run: the servers, which are started as they are needed, and the contenders. */
export class Programs {
  #budget;
  /** @type {Map<string, Promise<ChildProcess>>} */
  #clients = new Map();
  /** @type {Promise<{ program: ChildProcess } & RawServer> | undefined} */
  #raw;
  /** @type {Promise<{ program: ChildProcess, port: number }> | undefined} */
  #proxy;
  /** @type {Promise<{ program: ChildProcess, client: ProcessClient, url: string, token: string, parent: string }> | undefined} */
  #stub;

  /** @param {import("./cases.mjs").Budget} budget */
  constructor(budget) {
    this.#budget = budget;
  }

  /**
   * One sample of a contender, in its own program.
   *
   * @param {import("./cases.mjs").Case} of
   * @param {string} contender
   * @param {number} seconds unless the case has its own
   * @returns {Promise<import("./client/measures.mjs").Sample>}
   */
  async sample(of, contender, seconds) {
    const { target, parent } = await this.#target(of, contender);
    const key = this.#budget.ownPrograms ? `${of.name} ${contender}` : contender;
    const starting = this.#clients.get(key) ?? this.#startClient();
    this.#clients.set(key, starting);
    const client = await starting;
    // First all calls are opened, then all are answered.
    const longest = seconds + 2 * (of.params?.openSeconds ?? 0) + GRACE_SECONDS;
    let settled = false;
    try {
      client.send({
        contender,
        target,
        measure: of.measure,
        params: { name: `${parent}/processes/${of.process}`, parent, seconds, ...of.params },
      });
      for (;;) {
        /** @type {import("./client/client.mjs").Said} */
        const said = await message(client, longest);
        if ("request" in said) {
          client.send(await this.#answer(said.request));
          continue;
        }
        settled = true;
        if ("error" in said) {
          throw new Error(said.error);
        }
        return said.sample;
      }
    } finally {
      if (!settled || (of.memory && this.#budget.ownPrograms)) {
        this.#clients.delete(key);
        await stop(client);
      }
    }
  }

  /** Ends the contenders, unless they go on with the next case. */
  async endCase() {
    if (this.#budget.ownPrograms) {
      await this.#endClients();
    }
  }

  async close() {
    await this.#endClients();
    const stub = await this.#stub;
    stub?.client.close();
    for (const started of [stub, await this.#proxy, await this.#raw]) {
      if (started !== undefined) {
        await stop(started.program);
      }
    }
  }

  async #startClient() {
    const program = start("client/client.mjs");
    await message(program);
    return program;
  }

  async #endClients() {
    for (const client of this.#clients.values()) {
      await stop(await client);
    }
    this.#clients.clear();
  }

  /**
   * @param {import("./cases.mjs").Case} of
   * @param {string} contender
   * @returns {Promise<{ target: import("./contenders/contender.mjs").Target, parent: string }>}
   */
  async #target({ server, params }, contender) {
    const count = params?.count ?? 1;
    if (server === "stub") {
      const { url, token, parent } = await this.#startStub();
      return { target: { url, token, connections: 1 }, parent };
    }
    const raw = await this.#startRaw();
    const ports = {
      usual: contender.endsWith("REST") ? raw.http1 : raw.usual,
      unlimited: raw.unlimited,
      distant: server === "distant" ? (await this.#startProxy(raw.usual)).port : 0,
    };
    const connections = server === "unlimited" ? 1 : Math.ceil(count / STREAMS_A_CONNECTION);
    const url = `http://127.0.0.1:${ports[server]}`;
    return { target: { url, token: TOKEN, connections }, parent: raw.parent };
  }

  #startRaw() {
    this.#raw ??= (async () => {
      const program = start("server/server.mjs");
      /** @type {RawServer} */
      const listening = await message(program);
      return { program, ...listening };
    })();
    return this.#raw;
  }

  /** @param {number} port */
  #startProxy(port) {
    this.#proxy ??= (async () => {
      const to = JSON.stringify({ host: "127.0.0.1", port, delayMs: DELAY_MS });
      const program = start("distance/delay-proxy.mjs", to);
      /** @type {{ port: number }} */
      const listening = await message(program);
      return { program, port: listening.port };
    })();
    return this.#proxy;
  }

  #startStub() {
    this.#stub ??= (async () => {
      const program = start("rss/server.mjs");
      /** @type {{ connection: { contract: "built-in", aiemUrl: string, tokenProvider: string }, parent: string }} */
      const { connection, parent } = await message(program);
      const { aiemUrl: url, tokenProvider: token } = connection;
      return { program, client: new ProcessClient(connection), url, token, parent };
    })();
    return this.#stub;
  }

  /** @param {import("./client/measures.mjs").Request} request */
  async #answer(request) {
    switch (request.what) {
      case "create": {
        const { client, parent } = await this.#startStub();
        const args = ["-c", String(request.bytes), "/dev/zero"];
        const { name } = await client.createProcess(parent, { command: "head", args });
        return { name };
      }
      case "start": {
        const { client } = await this.#startStub();
        const { name } = await client.startProcess(request.name);
        return { name };
      }
      case "count":
      case "answer":
        return await this.#counted(request);
    }
  }

  /**
   * @param {import("./processes.mjs").Question} question
   * @returns {Promise<{ calls: number, connections: number }>}
   */
  async #counted(question) {
    return await ask((await this.#startRaw()).program, question);
  }
}
