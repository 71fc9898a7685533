/**
 * Runs a process in the embedded engine, through the real client and over real gRPC.
 *
 * Usage: node examples/quickstart.mjs                 a small demonstration
 *        node examples/quickstart.mjs COMMAND ARGS…   your own command, byte for byte
 */
import { ProcessClient } from "aiem-process-client";
import { startStubServer } from "aiem-process-client/stub";
import { demonstrate } from "./demonstration.mjs";
import { runCommand } from "./run-command.mjs";

const [command, ...args] = process.argv.slice(2);
const stub = await startStubServer();
const client = new ProcessClient(stub.connection);
try {
  // Not process.exit(), which would cut off output that a pipe has not taken yet.
  process.exitCode =
    command === undefined
      ? await demonstrate(client, stub.parent)
      : await runCommand(client, stub.parent, { command, args });
} finally {
  client.close();
  await stub.close();
}
