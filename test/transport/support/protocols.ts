/** What a client can speak. */
export const PROTOCOLS = [
  { protocol: "grpc", httpVersion: "2" },
  { protocol: "connect", httpVersion: "2" },
  { protocol: "connect", httpVersion: "1.1" },
  { protocol: "rest", httpVersion: "1.1" },
] as const;
