// They belong to the protocols between caller, gateway and service.
const RESERVED =
  /^(?:grpc-.*|connect-.*|content-.*|accept|accept-.*|connection|te|host|date|trailer|transfer-encoding)$/;

/** Whether metadata of this name, in lower case, is not handed on by the gateway. */
export function isReserved(name: string): boolean {
  return RESERVED.test(name);
}
