import { Code } from "@connectrpc/connect";

/**
 * The code of an answer that says nothing else, as gRPC maps what proxies answer (its document
 * http-grpc-status-mapping.md), with a few more of what proxies say by themselves.
 */
export function codeOfHttpStatus(status: number): Code {
  switch (status) {
    case 400:
      return Code.Internal;
    case 401:
    case 407:
      return Code.Unauthenticated;
    case 403:
      return Code.PermissionDenied;
    case 404:
    case 405:
    case 501:
      return Code.Unimplemented;
    case 413:
      return Code.ResourceExhausted;
    case 408:
    case 429:
    case 502:
    case 503:
    case 504:
      return Code.Unavailable;
    default:
      return Code.Unknown;
  }
}
