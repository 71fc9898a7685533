import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { ProcessClient } from "../../../src/index.js";
import { startStubServer } from "../../../src/stub/index.js";
import type { ContractTarget } from "../../contract/contract-target.js";
import { openTarget } from "../../contract/targets/clients.js";
import { OUR_CONTRACT } from "./permuted-contracts.js";

/**
 * Go's gRPC implementation behind our client, and in front of our server: it shows what both of them
 * really speak.
 *
 * @param program what `grpc-go.ts` compiles.
 * @param name what the suite's title calls the server.
 */
export function grpcGoTarget(
  program: string,
  name: string,
  options: GrpcGoOptions = {},
): ContractTarget {
  return {
    name,
    async open(stubOptions) {
      const stub = await startStubServer(stubOptions);
      const server = await startGrpcGo(program, new URL(stub.url).host, options);
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

/** How a server on grpc-go differs from one of our contract. */
export interface GrpcGoOptions {
  /** The contract that it serves, by name the stub's: a FileDescriptorSet. Ours by default. */
  readonly descriptorSet?: Uint8Array;
  /** Whether it tells its contract over grpc.reflection.v1. By default it does not. */
  readonly reflection?: boolean;
}

/** Starts the program in front of the stub. */
export async function startGrpcGo(
  program: string,
  stubAddress: string,
  { descriptorSet = OUR_CONTRACT, reflection = false }: GrpcGoOptions = {},
): Promise<GrpcGoServer> {
  const args = reflection ? ["-reflection", stubAddress] : [stubAddress];
  const child = spawn(program, args, { stdio: ["pipe", "pipe", "inherit"] });
  for (const contract of [OUR_CONTRACT, descriptorSet]) {
    child.stdin.write(`${Buffer.from(contract).toString("base64")}\n`);
  }
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
