import { lookup } from "node:dns/promises";
import { isIP } from "node:net";
import {
  Code,
  ConnectError,
  type ConnectionConfig,
  ProcessClient,
  type ProtocolEvent,
} from "../index.js";
import { type ProbeOptions, probeRoute, probeTcp, probeTls, probeVersion } from "../probe.js";
import { requireEngineName } from "../rules/names.js";
import {
  type ConnectionOptions,
  findConnection,
  findParent,
  transportOptions,
} from "./connection.js";
import { failureText } from "./failure.js";
import { span } from "./text.js";

const STEP_MS = 10_000;
// A token is refused by a clock that is wrong by as much as it lives, often a minute.
const WRONG_CLOCK_MS = 30_000;
const SOON_MS = 14 * 86_400_000;
// Says nothing about the resource, so that any word of the server proves the protocol.
const NO_ENGINE = "workspaces/doctor/sandboxEngines/doctor";

/** One thing that was looked at. */
export interface Finding {
  readonly check: string;
  readonly result: "ok" | "warning" | "failed" | "skipped";
  /** What was seen, and where something is wrong what to do. */
  readonly detail: string;
}

/** What a check has seen; a text is fine. */
type Seen = string | Pick<Finding, "result" | "detail">;

/** Looks at everything between here and AIEM, in the order in which a call needs it. */
export async function* diagnose(options: ConnectionOptions): AsyncGenerator<Finding, void> {
  let found: Awaited<ReturnType<typeof findConnection>> | undefined;
  yield await look("configuration", async () => {
    const { connection, source } = await findConnection(options);
    // Refuses what cannot be used.
    new ProcessClient(connection, transportOptions(options)).close();
    const parent = findParent(options);
    if (parent !== undefined) {
      requireEngineName("parent", parent);
    }
    found = { connection, source };
    return `${connection.aiemUrl}, from ${source}; engine: ${parent ?? "none named (--parent, AIEM_PARENT)"}`;
  });
  if (found === undefined) {
    return;
  }
  const { connection } = found;
  const { aiemUrl } = connection;
  const probing = { ...transportOptions(options), aiemUrl };
  let isReached = true;
  for (const [check, work] of Object.entries(REACHING)) {
    const finding: Finding = isReached
      ? await look(check, (signal) => work({ ...probing, signal }))
      : { check, result: "skipped", detail: "what comes before it failed" };
    isReached &&= finding.result !== "failed";
    yield finding;
  }
  yield await look("token", (signal) => tokenSeen(connection, signal));
  if (!isReached) {
    return;
  }
  yield await look("clock", (signal) => clockSeen({ ...probing, signal }));
  for (const protocol of ["grpc", "rest"] as const) {
    yield await look(protocol === "grpc" ? "gRPC" : "REST", () =>
      protocolSeen(connection, options, protocol),
    );
  }
  yield* listing(connection, options);
}

async function look(check: string, work: (signal: AbortSignal) => Promise<Seen>): Promise<Finding> {
  try {
    const seen = await work(AbortSignal.timeout(STEP_MS));
    return typeof seen === "string" ? { check, result: "ok", detail: seen } : { check, ...seen };
  } catch (error) {
    const isLate = error instanceof Error && error.name === "TimeoutError";
    const detail = isLate
      ? `no answer within ${STEP_MS / 1_000} s; check firewalls and proxies`
      : failureText(error);
    return { check, result: "failed", detail };
  }
}

/** What a connection needs, in order. */
const REACHING: Readonly<Record<string, (options: ProbeOptions) => Promise<Seen>>> = {
  proxy: async ({ aiemUrl }) => {
    const { proxy } = probeRoute(aiemUrl);
    return proxy ? `${proxy.origin}, named by ${proxy.variable}` : "none";
  },
  DNS: async ({ aiemUrl }) => {
    const { host, proxy } = probeRoute(aiemUrl);
    const whose = proxy ? "the proxy " : "";
    if (isIP(host) !== 0) {
      return `${whose}${host} needs none`;
    }
    const addresses = await lookup(host, { all: true }).catch((error: NodeJS.ErrnoException) => {
      throw new Error(`no address found for ${whose}${host} (${error.code}); check the name`);
    });
    return `${whose}${host}: ${addresses.map(({ address }) => address).join(", ")}`;
  },
  TCP: async (options) => {
    const began = performance.now();
    const peer = await probeTcp(options);
    return `connected to ${peer} in ${Math.round(performance.now() - began)} ms`;
  },
  TLS: async (options) => {
    if (!probeRoute(options.aiemUrl).secure) {
      return { result: "skipped", detail: "the address is http" };
    }
    const { subject, issuer, validUntil, isTrusted, version, hasHttp2 } = await probeTls(options);
    const left = validUntil.getTime() - Date.now();
    const until = validUntil.toISOString().slice(0, 10);
    const detail = `${version}, certificate of ${subject} by ${issuer}, valid until ${until}, ${hasHttp2 ? "HTTP/2" : "no HTTP/2"}`;
    if (!isTrusted) {
      return { result: "warning", detail: `${detail}; it is not trusted, and not verified` };
    }
    return left < SOON_MS ? { result: "warning", detail: `${detail}; it expires soon` } : detail;
  },
};

async function clockSeen(options: ProbeOptions): Promise<Seen> {
  let answer: Awaited<ReturnType<typeof probeVersion>>;
  try {
    answer = await probeVersion(options);
  } catch (error) {
    // A server of gRPC need not speak HTTP/1.1.
    return { result: "skipped", detail: `no answer over HTTP/1.1: ${failureText(error)}` };
  }
  const { status, date } = answer;
  if (date === undefined) {
    return { result: "skipped", detail: `GET /version: HTTP ${status}, without a Date` };
  }
  // A Date header has whole seconds.
  const skew = Math.max(0, Math.abs(Date.now() - date.getTime()) - 1_000);
  const detail = `within ${span(skew + 1_000)} of the server's (GET /version: HTTP ${status})`;
  return skew > WRONG_CLOCK_MS
    ? { result: "warning", detail: `${detail}; tokens depend on it: set this machine's clock` }
    : detail;
}

async function tokenSeen({ tokenProvider }: ConnectionConfig, signal: AbortSignal): Promise<Seen> {
  if (tokenProvider === undefined) {
    return { result: "warning", detail: "none: set AIEM_TOKEN, or log in with the H2O CLI" };
  }
  const token = typeof tokenProvider === "string" ? tokenProvider : await tokenProvider({ signal });
  const expiry = expiryOf(token);
  if (expiry === undefined) {
    return "there is one, which does not tell when it expires";
  }
  const left = expiry - Date.now();
  return left > 0
    ? `expires in ${span(left)}`
    : {
        result: "failed",
        detail: `expired ${span(-left)} ago; set AIEM_TOKEN to another one, or log in with the H2O CLI`,
      };
}

/** When a JSON Web Token expires; undefined of any other. Its signature is the server's matter. */
function expiryOf(token: string): number | undefined {
  try {
    const claims: unknown = JSON.parse(
      Buffer.from(token.split(".")[1] ?? "", "base64url").toString("utf8"),
    );
    const isClaims = typeof claims === "object" && claims !== null && "exp" in claims;
    return isClaims && typeof claims.exp === "number" ? claims.exp * 1_000 : undefined;
  } catch {
    return undefined;
  }
}

// What the server itself says; the others come from the way to it, or from something in its place.
const ANSWERS = new Set([
  Code.InvalidArgument,
  Code.NotFound,
  Code.PermissionDenied,
  Code.Unauthenticated,
  Code.FailedPrecondition,
  Code.ResourceExhausted,
]);

async function protocolSeen(
  connection: ConnectionConfig,
  options: ConnectionOptions,
  protocol: "grpc" | "rest",
): Promise<Seen> {
  const client = new ProcessClient(connection, {
    ...transportOptions(options),
    protocol,
    retry: false,
  });
  try {
    const parent = findParent(options) ?? NO_ENGINE;
    await client.listProcesses(parent, { pageSize: 1, timeoutMs: STEP_MS });
    return "spoken";
  } catch (error) {
    if (error instanceof ConnectError && ANSWERS.has(error.code)) {
      return `spoken (the server answered ${Code[error.code]})`;
    }
    // One of the two is enough; whether the client finds it is the next check.
    return { result: "warning", detail: `not spoken: ${failureText(error)}` };
  } finally {
    client.close();
  }
}

async function* listing(
  connection: ConnectionConfig,
  options: ConnectionOptions,
): AsyncGenerator<Finding, void> {
  const parent = findParent(options);
  const events: ProtocolEvent[] = [];
  const client = new ProcessClient(connection, {
    ...transportOptions(options),
    protocol: options.protocol,
    onProtocol: (event) => events.push(event),
  });
  try {
    const listed = await look("list", async () => {
      if (parent === undefined) {
        return { result: "skipped", detail: "no engine is named: --parent or AIEM_PARENT" };
      }
      const page = await client.listProcesses(parent, { pageSize: 1, timeoutMs: STEP_MS });
      return page.processes.length === 0 ? "no processes" : "there are processes";
    });
    const [event] = events.slice(-1);
    if (event) {
      yield { check: "protocol", result: "ok", detail: protocolText(event) };
    }
    yield listed;
  } finally {
    client.close();
  }
}

function protocolText(event: ProtocolEvent): string {
  const { protocol, reason } = event;
  return `auto speaks ${protocol === "grpc" ? "gRPC" : "REST"}, since ${reason}; ${numbersOf(event)}`;
}

/** Whether the field and enum numbers are those of this package. */
function numbersOf({ contract, adapted }: ProtocolEvent): string {
  switch (contract) {
    case "names":
      return "it goes by names, and has no numbers";
    case "guarded":
      return "its field numbers are unknown: ours are used, and every answer is checked";
    case "built-in":
    case "descriptors":
    case "reflection":
      return adapted === undefined
        ? "its field numbers equal ours"
        : `its field numbers are adapted to: ${adapted}`;
  }
}
