// They belong to the protocols between caller, gateway and service. When to call again is the
// service's word (gRFC A6).
const RESERVED =
  /^(?:grpc-(?!retry-pushback-ms$).*|connect-.*|content-.*|accept|accept-.*|connection|te|host|date|trailer|transfer-encoding)$/;

/** Whether metadata of this name, in lower case, is not handed on by the gateway. */
export function isReserved(name: string): boolean {
  return RESERVED.test(name);
}
