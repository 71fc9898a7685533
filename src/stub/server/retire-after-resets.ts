import { constants, type ServerHttp2Session } from "node:http2";

// Node stands 1,000 in quick succession, and 33 a second from then on. The rest is for calls that
// are open when the session retires, and for cancels that cross an answer: no event tells those.
const MOST_RESETS = 500;

/**
 * Retires a session after many cancelled calls: those that run go on, and the client makes others
 * on a new connection. Without this, Node defends itself at some point: it ends all calls of the
 * connection with an INTERNAL_ERROR. No event tells of that, and if no call runs just then, Node
 * reads no more, so that the client's end of the connection is never seen and the socket stays.
 */
export function retireAfterResets(session: ServerHttp2Session): void {
  let resets = 0;
  session.on("stream", (stream) => {
    stream.once("close", () => {
      // A client may cancel with NO_ERROR, too.
      if (!stream.aborted && stream.rstCode === constants.NGHTTP2_NO_ERROR) {
        return;
      }
      resets += 1;
      if (resets === MOST_RESETS) {
        session.close();
      }
    });
  });
}
