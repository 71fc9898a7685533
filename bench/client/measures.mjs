// @ts-check
// What can be measured of a contender. Each takes one sample, in the contender's own program.
import { Writable } from "node:stream";
import { cpuSince, memoryMeasures } from "./memory-measures.mjs";

/** @typedef {import("../contenders/contender.mjs").Contender} Contender */

/** @typedef {Record<string, number>} Sample figures by the names that the cases give them */

/**
 * @typedef {object} Params
 * @property {string} name the resource name of a process
 * @property {string} parent its engine
 * @property {number} seconds
 * @property {number} chunkBytes
 * @property {number} count how many calls are open at once
 * @property {number} openSeconds how long it may take until all of them are
 */

/**
 * @typedef {(contender: Contender, params: Params, ask: Ask) => Promise<Sample>} Measure
 */

/**
 * What the runner does for a client: it knows the servers.
 *
 * @typedef {import("../processes.mjs").Question
 *   | { readonly what: "create", readonly bytes: number }
 *   | { readonly what: "start", readonly name: string }} Request
 */

/** @typedef {(request: Request) => Promise<Answer>} Ask */

/** @typedef {{ readonly calls: number, readonly connections: number, readonly name: string }} Answer */

/** @type {Readonly<Record<string, Measure>>} */
export const measures = {
  ...memoryMeasures,

  async chunks(contender, { name, seconds, chunkBytes }) {
    const rate = new Rate(seconds, chunkBytes);
    if (contender.bytes !== undefined) {
      for await (const { length } of contender.bytes(name)) {
        if (rate.passed(length)) {
          break;
        }
      }
      return rate.sample();
    }
    for await (const { data } of provided(contender, "chunks")(name)) {
      if (rate.passed(data.length)) {
        break;
      }
    }
    return rate.sample();
  },

  async lines(contender, { name, seconds, chunkBytes }) {
    const rate = new Rate(seconds, chunkBytes);
    for await (const _line of provided(contender, "lines")(name)) {
      if (rate.passed(chunkBytes)) {
        break;
      }
    }
    return rate.sample();
  },

  async pipe(contender, { name, seconds, chunkBytes }) {
    const rate = new Rate(seconds, chunkBytes);
    const enough = new AbortController();
    const to = new Writable({
      write(piece, _encoding, done) {
        if (!enough.signal.aborted && rate.passed(piece.length)) {
          enough.abort();
        }
        done();
      },
    });
    await provided(contender, "pipe")(name, to, enough.signal).catch((error) => {
      if (!enough.signal.aborted) {
        throw error;
      }
    });
    return rate.sample();
  },

  async one(contender, { name, seconds }) {
    const get = provided(contender, "get");
    await get(name);
    /** @type {number[]} */
    const times = [];
    const cpu = process.cpuUsage();
    const end = performance.now() + seconds * 1000;
    do {
      const asked = performance.now();
      await get(name);
      times.push(performance.now() - asked);
    } while (performance.now() < end);
    times.sort((a, b) => a - b);
    return {
      p50: (times[Math.floor(times.length / 2)] ?? Number.NaN) * 1000,
      p99: (times[Math.floor(times.length * 0.99)] ?? Number.NaN) * 1000,
      cpu: cpuSince(cpu) / times.length,
    };
  },

  async many(contender, { name, seconds, count }) {
    const get = provided(contender, "get");
    return await callsPerSecond(seconds, count, () => get(name));
  },

  async read(contender, { name, seconds, chunkBytes }) {
    const read = provided(contender, "read");
    const { perSecond = Number.NaN, cpu = Number.NaN } = await callsPerSecond(
      seconds,
      1,
      async () => {
        const { length } = await read(name);
        if (length !== chunkBytes) {
          throw new Error(`${length} bytes of ${chunkBytes} came`);
        }
      },
    );
    return { megabytes: (perSecond * chunkBytes) / 1e6, cpu };
  },

  async echo(contender, { parent, seconds, count }) {
    const run = provided(contender, "run");
    return await callsPerSecond(seconds, count, async () => {
      const output = await run(parent, "echo", ["hello"]);
      if (output !== "hello\n") {
        throw new Error(`echo said '${output}'`);
      }
    });
  },

  async shared(contender, { count, chunkBytes }, ask) {
    const chunks = provided(contender, "chunks");
    const { name } = await ask({ what: "create", bytes: chunkBytes });
    let read = 0;
    const follow = async () => {
      for await (const { data } of chunks(name)) {
        read += data.length;
      }
    };
    const followers = Promise.all(Array.from({ length: count }, follow));
    const cpu = process.cpuUsage();
    const start = performance.now();
    await ask({ what: "start", name });
    await followers;
    const seconds = (performance.now() - start) / 1000;
    if (read !== count * chunkBytes) {
      throw new Error(`${read} bytes of ${count * chunkBytes} came`);
    }
    return { megabytes: read / 1e6 / seconds, cpu: cpuSince(cpu) / (read / 1e6) };
  },
};

/** Counts what comes. It begins with the second piece: the first has the call's making in it. */
class Rate {
  #milliseconds;
  #chunkBytes;
  #every;
  #pieces = 0;
  #bytes = 0;
  #start = 0;
  #end = 0;
  #startCpu = process.cpuUsage();
  #cpu = 0;

  /**
   * @param {number} seconds
   * @param {number} chunkBytes
   */
  constructor(seconds, chunkBytes) {
    this.#milliseconds = seconds * 1000;
    this.#chunkBytes = chunkBytes;
    // A look at the clock for each small chunk would be a part of what is measured.
    this.#every = chunkBytes < 8192 ? 64 : 1;
  }

  /**
   * @param {number} bytes what a piece has
   * @returns {boolean} whether that is enough
   */
  passed(bytes) {
    if (this.#pieces === 0) {
      this.#start = performance.now();
      this.#startCpu = process.cpuUsage();
    } else {
      this.#bytes += bytes;
    }
    this.#pieces += 1;
    if (this.#pieces % this.#every !== 0 || this.#pieces < 2) {
      return false;
    }
    this.#end = performance.now();
    if (this.#end - this.#start < this.#milliseconds) {
      return false;
    }
    this.#cpu = cpuSince(this.#startCpu);
    return true;
  }

  /** @returns {Sample} */
  sample() {
    const seconds = (this.#end - this.#start) / 1000;
    const chunks = this.#bytes / this.#chunkBytes;
    return {
      perSecond: chunks / seconds,
      megabytes: this.#bytes / 1e6 / seconds,
      cpu: this.#cpu / chunks,
    };
  }
}

/**
 * @param {number} seconds
 * @param {number} atOnce
 * @param {() => Promise<unknown>} call
 * @returns {Promise<Sample>}
 */
async function callsPerSecond(seconds, atOnce, call) {
  await call();
  let calls = 0;
  const cpu = process.cpuUsage();
  const start = performance.now();
  await Promise.all(
    Array.from({ length: atOnce }, async () => {
      do {
        await call();
        calls += 1;
      } while (performance.now() - start < seconds * 1000);
    }),
  );
  return {
    perSecond: (calls * 1000) / (performance.now() - start),
    cpu: cpuSince(cpu) / calls,
  };
}

/**
 * @template {keyof Contender} Method
 * @param {Contender} contender
 * @param {Method} method
 * @returns {NonNullable<Contender[Method]>}
 */
function provided(contender, method) {
  const found = contender[method];
  if (found === undefined) {
    throw new Error(`this contender has no ${method}`);
  }
  return found;
}
