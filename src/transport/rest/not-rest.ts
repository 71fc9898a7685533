import { ConnectError } from "@connectrpc/connect";
import type { ServerAddress } from "../aiem-url.js";
import { codeOfHttpStatus } from "./http-status.js";

/** What is told of an answer. */
export interface AnswerHead {
  readonly status: number;
  readonly header: Headers;
}

/** Whether an answer says that it is JSON, or nothing about it. */
export function mayBeJson({ header }: AnswerHead): boolean {
  const type = header.get("content-type");
  return type === null || /^application\/([\w.-]+\+|x-nd)?json\s*(;|$)/i.test(type);
}

/**
 * Says what answered instead of a REST gateway: a proxy, a login page, a server of another protocol.
 * Its headers stay, for those that say when to come back.
 */
export function notRest({ status, header }: AnswerHead, address: ServerAddress): ConnectError {
  const type = header.get("content-type") ?? "without a content type";
  const message = `${address.origin} answered HTTP ${status} ${type}, which is not AIEM's REST${hint(status, header, address)}`;
  return new ConnectError(message, codeOfHttpStatus(status), header);
}

function hint(status: number, header: Headers, { baseUrl }: ServerAddress): string {
  if (status >= 300 && status < 400) {
    return `; it redirects to ${originOf(header.get("location"), baseUrl)}, and redirects are not followed`;
  }
  return status === 404 || status === 415
    ? '; check the path of aiemUrl, and if the server speaks gRPC, use protocol: "grpc"'
    : "";
}

// Not the whole address: that of a login page may hold secrets.
function originOf(location: string | null, base: string): string {
  try {
    return location === null ? "nowhere" : new URL(location, base).origin;
  } catch {
    return "what is no URL";
  }
}
