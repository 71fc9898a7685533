import type { ConnectError } from "@connectrpc/connect";
import type { GrpcTransportOptions } from "@connectrpc/connect-node";
import { Limit } from "../../async/limit.js";
import { currentAttempt } from "../call-context.js";
import { CallRecord } from "../call-record.js";
import type { Connection } from "../connection.js";
import { errorOfFailure, errorOfThrown } from "../errors/connect-failure.js";
import type { SessionPool } from "../http2/pool.js";
import type { Session } from "../http2/session.js";

/** What connect-node asks for the streams of its calls. */
export type SessionManager = NonNullable<GrpcTransportOptions["sessionManager"]>;

/** Gives connect-node streams of `pool`. */
export function createSessionManager(authority: string, pool: SessionPool): SessionManager {
  const carriers = new WeakMap<Session, Carrier>();
  return {
    authority,
    async request(method, path, headers) {
      const attempt = currentAttempt() ?? {
        record: new CallRecord(),
        signal: new AbortController().signal,
        long: false,
      };
      const { affinity } = attempt.record;
      const limit = new Limit({ signal: attempt.signal });
      try {
        const { stream, connection } = await pool.open(
          { ...headers, ":method": method, ":path": path },
          {
            long: attempt.long,
            affinity: affinity instanceof Carrier ? affinity.session : undefined,
            limit,
          },
        );
        const carrier = carriers.get(connection) ?? new Carrier(connection);
        carriers.set(connection, carrier);
        attempt.record.carryOn(carrier, stream);
        return stream;
      } catch (error) {
        throw attempt.signal.aborted ? attempt.signal.reason : errorOfThrown(error);
      } finally {
        limit.release();
      }
    },
    // For managers that ping a silent server; a silent stream is asked about by another call.
    notifyResponseByteRead() {},
  };
}

/** A session as records know it. */
class Carrier implements Connection {
  // Calls are put on a session when the server's SETTINGS are there.
  readonly unheard = false;
  readonly session: Session;

  constructor(session: Session) {
    this.session = session;
  }

  get goaway() {
    return this.session.goaway;
  }

  get lost(): ConnectError | undefined {
    const { lost } = this.session;
    return lost && errorOfFailure(lost);
  }

  avoid(): void {
    this.session.avoid();
  }

  destroy({ code, rawMessage: message }: ConnectError): void {
    this.session.end({ kind: "lost", code, message });
  }
}
