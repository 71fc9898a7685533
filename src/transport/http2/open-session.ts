import { TLSSocket } from "node:tls";
import { onAbort } from "../../async/abort-listeners.js";
import { nodeErrorCode } from "../../errors/node-error-code.js";
import { FailureThrown } from "../../errors/outcome.js";
import { cannotConnect, noCommonProtocol } from "../failures.js";
import { type DialOptions, dial } from "../socket/dial.js";
import { Session } from "./session.js";

/** What a session needs. */
export interface SessionOptions extends DialOptions {
  readonly streamWindowBytes: number;
}

/**
 * Opens a connection, starts HTTP/2 on it, and waits for the server's settings: before them Node.js
 * takes the limit of streams for 100, whatever it is.
 */
export async function openSession(options: SessionOptions, signal: AbortSignal): Promise<Session> {
  const { address, streamWindowBytes } = options;
  const socket = await dial({ ...options, alpn: "h2" }, signal);
  if (socket instanceof TLSSocket && socket.alpnProtocol && socket.alpnProtocol !== "h2") {
    socket.destroy();
    throw new FailureThrown(cannotConnect(noCommonProtocol("h2"), address));
  }
  const session = new Session(socket, address, streamWindowBytes);
  try {
    await settings(session, signal);
  } catch (error) {
    session.http2.destroy();
    socket.destroy();
    const agreed = socket instanceof TLSSocket && socket.alpnProtocol === "h2";
    throw agreed ? afterAgreement(error, options) : noteSilence(error);
  }
  return session;
}

// A server that has agreed on HTTP/2 speaks it: whatever kept it from beginning may pass.
function afterAgreement(error: unknown, { address }: SessionOptions): unknown {
  const code = nodeErrorCode(error);
  if (!code?.startsWith("ERR_HTTP2_")) {
    return error;
  }
  const text = `the server agreed on HTTP/2 and broke it off before it began (${code})`;
  return new FailureThrown(cannotConnect({ text }, address, error));
}

// One that was asked for HTTP/2 without such an agreement, and says nothing, may speak another one.
function noteSilence(error: unknown): unknown {
  if (error instanceof FailureThrown && error.failure.kind === "refused") {
    return new FailureThrown({ ...error.failure, protocol: "silent" });
  }
  return error;
}

function settings({ http2 }: Session, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const settle = () => {
      stopListening();
      http2.off("remoteSettings", ready);
      http2.off("error", fail);
      http2.off("close", close);
    };
    const ready = () => {
      settle();
      resolve();
    };
    const fail = (error: unknown) => {
      settle();
      reject(error);
    };
    const close = () => fail(new Error("the server closed the connection before HTTP/2 began"));
    const stopListening = onAbort(signal, () => fail(signal.reason));
    http2.once("remoteSettings", ready);
    http2.once("error", fail);
    http2.once("close", close);
  });
}
