// @ts-check
// What is measured, and of whom.

/**
 * @typedef {object} Budget how much of it
 * @property {number} rounds
 * @property {number} memoryRounds each of them is a program of its own
 * @property {number} seconds one sample
 * @property {number} warmUpSeconds before the first round; 0 for none
 * @property {readonly number[]} followers
 * @property {number} waits
 * @property {number} stalled
 * @property {number} settleSeconds
 * @property {number} openSeconds
 * @property {number} readBytes
 * @property {number} sharedBytes
 * @property {readonly number[]} shared
 * @property {boolean} ownPrograms whether each case has programs of its own
 */

/** @type {Readonly<Record<"full" | "quick" | "smoke", Budget>>} */
export const budgets = {
  full: {
    rounds: 5,
    memoryRounds: 3,
    seconds: 1,
    warmUpSeconds: 0.5,
    followers: [1, 100, 1_000, 10_000],
    waits: 1_000,
    stalled: 100,
    settleSeconds: 3,
    openSeconds: 45,
    readBytes: 16_000_000,
    sharedBytes: 100_000_000,
    shared: [1, 10, 100],
    ownPrograms: true,
  },
  quick: {
    rounds: 3,
    memoryRounds: 1,
    seconds: 0.15,
    warmUpSeconds: 0.35,
    followers: [100, 1_000],
    waits: 1_000,
    stalled: 100,
    settleSeconds: 0.5,
    openSeconds: 15,
    readBytes: 16_000_000,
    sharedBytes: 20_000_000,
    shared: [1, 10, 100],
    ownPrograms: true,
  },
  smoke: {
    rounds: 1,
    memoryRounds: 1,
    seconds: 0.01,
    warmUpSeconds: 0,
    followers: [2],
    waits: 2,
    stalled: 2,
    settleSeconds: 0.05,
    openSeconds: 10,
    readBytes: 100_000,
    sharedBytes: 100_000,
    shared: [1, 2],
    ownPrograms: false,
  },
};

/**
 * @typedef {object} Metric
 * @property {string} title
 * @property {string} unit
 * @property {"higher" | "lower"} better
 */

/** @typedef {"usual" | "unlimited" | "distant" | "stub"} ServerName */

/**
 * @typedef {object} Case
 * @property {string} name
 * @property {string} title
 * @property {string} measure
 * @property {ServerName} server
 * @property {string} [process] the id of the process that is called for
 * @property {Partial<import("./client/measures.mjs").Params>} [params]
 * @property {readonly string[]} contenders
 * @property {string} base whom the others are compared with
 * @property {Readonly<Record<string, Metric>>} metrics the first one is what the case is about
 * @property {boolean} [memory] whether each round takes a program of its own
 */

const GRPC = ["node:http2", "grpc-js", "nice-grpc", "connect-node, gRPC", "this client"];
const OTHER = ["connect-node, Connect", "this client, Connect", "this client, REST"];
// Other numbers than ours, and ours where nobody vouches for them.
const NUMBERS = ["this client, adapted", "this client, guarded"];
// Whose calls somebody listens to.
const OBSERVED = [
  "this client",
  "this client, listened to",
  "this client, OpenTelemetry",
  "this client, OpenTelemetry with attempts",
];
const HOLDERS = ["node:http2", "grpc-js", "connect-node, gRPC", "this client"];

/** @type {Readonly<Record<"perSecond" | "calls" | "megabytes" | "p50" | "p99" | "rss" | "heap" | "opened" | "answered" | "connections", Metric>>} */
const METRICS = {
  perSecond: { title: "chunks", unit: "/s", better: "higher" },
  calls: { title: "calls", unit: "/s", better: "higher" },
  megabytes: { title: "output", unit: "MB/s", better: "higher" },
  p50: { title: "p50", unit: "us", better: "lower" },
  p99: { title: "p99", unit: "us", better: "lower" },
  rss: { title: "RSS each", unit: "KiB", better: "lower" },
  heap: { title: "heap each", unit: "KiB", better: "lower" },
  opened: { title: "all open", unit: "ms", better: "lower" },
  answered: { title: "all answered", unit: "ms", better: "lower" },
  connections: { title: "connections", unit: "", better: "lower" },
};

/** @param {string} of */
function cpu(of) {
  return { title: "CPU", unit: `us/${of}`, better: /** @type {const} */ ("lower") };
}

/**
 * @param {Budget} budget
 * @returns {Case[]}
 */
export function casesOf(budget) {
  const { perSecond, calls, megabytes, p50, p99, rss, heap, opened, answered, connections } =
    METRICS;
  /** @type {Omit<Case, "name" | "title" | "process" | "contenders" | "metrics">} */
  const usual = { measure: "chunks", server: "usual", base: "grpc-js" };
  const small = { perSecond, cpu: cpu("chunk") };
  const large = { megabytes, cpu: cpu("chunk") };
  const held = { rss, heap, opened, answered, connections, cpu: cpu("follower") };
  return [
    chunks("chunks-100", "Output, chunks of 100 B", 100, [...GRPC, ...OTHER, ...NUMBERS], small),
    chunks("chunks-1k", "Output, chunks of 1 KiB", 1024, GRPC, small),
    chunks("chunks-32k", "Output, chunks of 32 KiB", 32 * 1024, [...GRPC, ...OTHER], large),
    chunks("chunks-1m", "Output, chunks of 1 MiB", 1024 * 1024, GRPC, large),
    {
      ...chunks("pipe-100", "Piped, chunks of 100 B", 100, ["grpc-js", "this client"], small),
      measure: "pipe",
    },
    {
      ...chunks(
        "pipe-32k",
        "Piped, chunks of 32 KiB",
        32 * 1024,
        ["grpc-js", "this client"],
        large,
      ),
      measure: "pipe",
    },
    {
      ...chunks("lines-100", "Lines of 100 B (grpc-js: chunks)", 100, ["grpc-js", "this client"], {
        perSecond: { ...perSecond, title: "lines" },
        cpu: cpu("line"),
      }),
      measure: "lines",
    },
    {
      ...usual,
      name: "get",
      title: "GetProcess, one after another",
      measure: "one",
      process: "over",
      contenders: [...GRPC, ...OTHER, ...NUMBERS],
      metrics: { p50, p99, cpu: cpu("call") },
    },
    {
      ...usual,
      name: "get-50",
      title: "GetProcess, 50 in flight",
      measure: "many",
      process: "over",
      params: { count: 50 },
      contenders: [...GRPC, ...OTHER, ...NUMBERS],
      metrics: { perSecond: calls, cpu: cpu("call") },
    },
    {
      ...usual,
      name: "observed-get-50",
      title: "GetProcess, 50 in flight, observed",
      measure: "many",
      process: "over",
      params: { count: 50 },
      contenders: OBSERVED,
      base: "this client",
      metrics: { perSecond: calls, cpu: cpu("call") },
    },
    {
      ...chunks("observed-chunks-100", "Output, chunks of 100 B, observed", 100, OBSERVED, small),
      base: "this client",
    },
    {
      ...usual,
      name: "read-16m",
      title: `readOutput of ${budget.readBytes / 1e6} MB`,
      measure: "read",
      process: `read-${budget.readBytes}`,
      params: { chunkBytes: budget.readBytes },
      contenders: [...GRPC, ...OTHER],
      metrics: { megabytes, cpu: cpu("call") },
    },
    {
      ...chunks(
        "distance",
        "Output, chunks of 32 KiB, 10 ms each way",
        32 * 1024,
        ["grpc-js", "connect-node, gRPC", "this client", "this client, 16 MiB window"],
        large,
      ),
      server: "distant",
    },
    ...budget.followers.flatMap((count) => [
      followers(count, "usual", `followers-${count}`, "100 streams a connection"),
      followers(count, "unlimited", `followers-${count}-one`, "one connection"),
    ]),
    {
      ...usual,
      name: "waits",
      title: `${budget.waits.toLocaleString("en")} waits at once, 100 streams a connection`,
      measure: "waits",
      process: "over",
      params: { count: budget.waits, openSeconds: budget.openSeconds },
      contenders: HOLDERS,
      metrics: { answered, opened, rss, heap, connections, cpu: cpu("wait") },
      memory: true,
    },
    {
      ...usual,
      name: "stalled",
      title: `${budget.stalled} followers that stopped reading`,
      measure: "stalled",
      process: `chunks-${32 * 1024}`,
      params: { count: budget.stalled, seconds: budget.settleSeconds },
      contenders: ["grpc-js", "connect-node, gRPC", "this client"],
      metrics: { rss, heap },
      memory: true,
    },
    {
      name: "echo",
      title: "Stub: processes `echo`, 20 at a time",
      measure: "echo",
      server: "stub",
      params: { count: 20 },
      contenders: ["spawn", "this client"],
      base: "spawn",
      metrics: { perSecond: { ...calls, title: "processes" }, cpu: cpu("process") },
    },
    ...budget.shared.map((count) => ({
      ...usual,
      name: `stub-followers-${count}`,
      title: `Stub: one process, ${count} ${count === 1 ? "follower" : "followers"}, together`,
      measure: "shared",
      server: /** @type {const} */ ("stub"),
      params: { count, chunkBytes: Math.round(budget.sharedBytes / count) },
      contenders: ["grpc-js", "this client"],
      metrics: { megabytes, cpu: cpu("MB") },
    })),
  ];

  /**
   * @param {string} name
   * @param {string} title
   * @param {number} chunkBytes
   * @param {readonly string[]} contenders
   * @param {Readonly<Record<string, Metric>>} metrics
   * @returns {Case}
   */
  function chunks(name, title, chunkBytes, contenders, metrics) {
    const id = `chunks-${chunkBytes}`;
    return { ...usual, name, title, process: id, params: { chunkBytes }, contenders, metrics };
  }

  /**
   * @param {number} count
   * @param {ServerName} server
   * @param {string} name
   * @param {string} over
   * @returns {Case}
   */
  function followers(count, server, name, over) {
    return {
      ...usual,
      name,
      title: `${count.toLocaleString("en")} idle ${count === 1 ? "follower" : "followers"}, ${over}`,
      measure: "followers",
      server,
      process: "idle",
      params: { count, openSeconds: budget.openSeconds },
      contenders: HOLDERS,
      metrics: held,
      memory: true,
    };
  }
}
