import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { ProcessClient } from "../../../src/index.js";
import { startStubServer } from "../../../src/stub/index.js";
import type { ContractTarget } from "../../contract/contract-target.js";
import { openTarget } from "../../contract/targets/clients.js";

/**
 * Go's gRPC implementation behind our client, and in front of our server: it shows what both of them
 * really speak.
 *
 * @param program what `grpc-go.ts` compiles.
 */
export function grpcGoTarget(program: string): ContractTarget {
  return {
    name: "gRPC, with grpc-go as the server",
    async open(options) {
      const stub = await startStubServer(options);
      const server = await startGrpcGo(program, new URL(stub.url).host);
      return openTarget(
        stub,
        (tokenProvider) =>
          new ProcessClient({ aiemUrl: server.url, tokenProvider }, { protocol: "grpc" }),
        async () => {
          await server[Symbol.asyncDispose]();
          await stub.close();
        },
      );
    },
  };
}

/** A server on grpc-go. */
export interface GrpcGoServer extends AsyncDisposable {
  readonly url: string;
}

/** Starts the program in front of the stub. */
export async function startGrpcGo(program: string, stubAddress: string): Promise<GrpcGoServer> {
  const child = spawn(program, [stubAddress], { stdio: ["pipe", "pipe", "inherit"] });
  const ended = once(child, "close");
  const lines = createInterface(child.stdout);
  const address = await Promise.race([
    once(lines, "line").then(([line]) => String(line)),
    ended.then(([code]) => Promise.reject(new Error(`the server on grpc-go ended with ${code}`))),
  ]);
  return {
    url: `http://${address}`,
    async [Symbol.asyncDispose]() {
      child.stdin.end();
      await ended;
    },
  };
}
