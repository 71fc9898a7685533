// @ts-check
// Calls that are open at once and have nothing to do: what they hold, and whether each is served.
import { setTimeout as pause } from "node:timers/promises";

/** @typedef {import("./measures.mjs").Measure} Measure */

/** @type {Readonly<Record<"followers" | "waits" | "stalled", Measure>>} */
export const memoryMeasures = {
  async followers(contender, { name, count, openSeconds }, ask) {
    await contender.get?.(name);
    const before = await memory();
    const { chunks = contender.bytes } = contender;
    if (chunks === undefined) {
      throw new Error("this contender has no output");
    }
    const first = countdown(count, "followers heard the first chunk", openSeconds);
    const second = countdown(count, "followers heard the second chunk", openSeconds);
    const follow = async () => {
      let heard = 0;
      for await (const _chunk of chunks(name)) {
        heard += 1;
        if (heard === 2) {
          break;
        }
        first.one();
      }
      second.one();
    };
    const cpu = process.cpuUsage();
    const start = performance.now();
    for (let index = 0; index < count; index += 1) {
      follow().catch((error) => {
        first.fail(error);
        second.fail(error);
      });
    }
    await first.all();
    const opened = performance.now() - start;
    const open = await memory();
    const { connections } = await ask({ what: "count", kind: "idle" });
    const asked = performance.now();
    await Promise.all([ask({ what: "answer", kind: "idle" }), second.all()]);
    return {
      rss: (open.rss - before.rss) / count,
      heap: (open.heap - before.heap) / count,
      opened,
      answered: performance.now() - asked,
      connections,
      cpu: cpuSince(cpu) / count,
    };
  },

  async waits(contender, { name, count, openSeconds }, ask) {
    const { wait } = contender;
    if (wait === undefined) {
      throw new Error("this contender has no wait");
    }
    await contender.get?.(name);
    const before = await memory();
    const cpu = process.cpuUsage();
    const start = performance.now();
    const all = Promise.all(Array.from({ length: count }, () => wait(name)));
    // It is awaited below; until then its failure must not end the program.
    all.catch(() => {});
    let held = await ask({ what: "count", kind: "wait" });
    while (held.calls < count) {
      if (performance.now() - start > openSeconds * 1000) {
        throw new Error(`${held.calls} of ${count} waits were open after ${openSeconds} s`);
      }
      await pause(5);
      held = await ask({ what: "count", kind: "wait" });
    }
    const opened = performance.now() - start;
    const open = await memory();
    const asked = performance.now();
    await ask({ what: "answer", kind: "wait" });
    await all;
    return {
      rss: (open.rss - before.rss) / count,
      heap: (open.heap - before.heap) / count,
      opened,
      answered: performance.now() - asked,
      connections: held.connections,
      cpu: cpuSince(cpu) / count,
    };
  },

  // Followers that read one chunk, and then no more.
  async stalled(contender, { name, count, seconds }) {
    const { chunks } = contender;
    if (chunks === undefined) {
      throw new Error("this contender has no output");
    }
    await contender.get?.(name);
    const before = await memory();
    const stopped = Array.from({ length: count }, () => chunks(name)[Symbol.asyncIterator]());
    await Promise.all(stopped.map((follower) => follower.next()));
    // Long enough for all windows to fill.
    await pause(seconds * 1000);
    const open = await memory();
    await Promise.all(stopped.map((follower) => follower.return?.()));
    return {
      rss: (open.rss - before.rss) / count,
      heap: (open.heap - before.heap) / count,
    };
  },
};

/**
 * @param {NodeJS.CpuUsage} start
 * @returns {number} microseconds, user and system
 */
export function cpuSince(start) {
  const { user, system } = process.cpuUsage(start);
  return user + system;
}

/** Kibibytes, after what nobody holds any more is let go of. */
async function memory() {
  // What is let go of in one turn of the event loop can free more in the next.
  for (let round = 0; round < 3; round += 1) {
    await pause(10);
    globalThis.gc?.();
  }
  const { rss, heapUsed, external } = process.memoryUsage();
  return { rss: rss / 1024, heap: (heapUsed + external) / 1024 };
}

/**
 * Waits for something to happen many times.
 *
 * @param {number} count
 * @param {string} what
 * @param {number} seconds within which it has to, once it is waited for
 */
function countdown(count, what, seconds) {
  let happened = 0;
  let done = () => {};
  /** @type {(reason: unknown) => void} */
  let fail = () => {};
  /** @type {Promise<void>} */
  const all = new Promise((resolve, reject) => {
    done = resolve;
    fail = reject;
  });
  // What fails before it is waited for must not end the program.
  all.catch(() => {});
  return {
    fail,
    one() {
      happened += 1;
      if (happened === count) {
        done();
      }
    },
    async all() {
      const late = () => fail(new Error(`${happened} of ${count} ${what} within ${seconds} s`));
      const timer = setTimeout(late, seconds * 1000);
      try {
        await all;
      } finally {
        clearTimeout(timer);
      }
    },
  };
}
