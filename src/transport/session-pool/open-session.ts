import { TLSSocket } from "node:tls";
import { onAbort } from "../../async/abort-listeners.js";
import { connectFailureFor, noteSilence } from "../errors/connect-failure.js";
import { noCommonProtocol } from "../errors/tls-failure.js";
import { type DialOptions, dial } from "../socket/dial.js";
import { PooledSession } from "./pooled-session.js";

/** What a session needs. */
export interface SessionOptions extends DialOptions {
  readonly streamWindowBytes: number;
}

/**
 * Opens a connection, starts HTTP/2 on it, and waits for the server's settings: before them Node.js
 * takes the limit of streams for 100, whatever it is.
 */
export async function openSession(
  options: SessionOptions,
  signal: AbortSignal,
): Promise<PooledSession> {
  const { address, streamWindowBytes } = options;
  const socket = await dial({ ...options, alpn: "h2" }, signal);
  if (socket instanceof TLSSocket && socket.alpnProtocol && socket.alpnProtocol !== "h2") {
    socket.destroy();
    throw connectFailureFor(noCommonProtocol("h2"), address);
  }
  const session = new PooledSession(socket, address, streamWindowBytes);
  try {
    await settings(session, signal);
  } catch (error) {
    noteSilence(error);
    session.session.destroy();
    socket.destroy();
    throw error;
  }
  return session;
}

function settings({ session }: PooledSession, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const settle = () => {
      stopListening();
      session.off("remoteSettings", ready);
      session.off("error", fail);
      session.off("close", close);
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
    session.once("remoteSettings", ready);
    session.once("error", fail);
    session.once("close", close);
  });
}
