import type { Interceptor, Transport } from "@connectrpc/connect";

/** Notes the name of each method that is sent. */
export function recorder(sent: string[]): Interceptor {
  return (next) => (request) => {
    sent.push(request.method.name);
    return next(request);
  };
}

/** The same transport, which notes the name of each method that it sends. */
export function recording(transport: Transport, sent: string[]): Transport {
  return {
    unary: (method, ...rest) => {
      sent.push(method.name);
      return transport.unary(method, ...rest);
    },
    stream: (method, ...rest) => {
      sent.push(method.name);
      return transport.stream(method, ...rest);
    },
  };
}

/** The same transport, whose calls carry this token. */
export function authorized(transport: Transport, token: string): Transport {
  const withToken = (headers: HeadersInit | undefined) => {
    const all = new Headers(headers);
    all.set("authorization", `Bearer ${token}`);
    return all;
  };
  return {
    unary: (method, signal, timeoutMs, headers, ...rest) =>
      transport.unary(method, signal, timeoutMs, withToken(headers), ...rest),
    stream: (method, signal, timeoutMs, headers, ...rest) =>
      transport.stream(method, signal, timeoutMs, withToken(headers), ...rest),
  };
}
