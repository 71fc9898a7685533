/**
 * Runs a process in the embedded engine, through the real client and over real gRPC.
 *
 * Usage: node examples/quickstart.mjs                 a small demonstration
 *        node examples/quickstart.mjs COMMAND ARGS…   your own command, byte for byte, in the
 *                                                     directory that you are in
 */
import { homedir } from "node:os";
import { ProcessClient } from "aiem-process-client";
import { startStubServer } from "aiem-process-client/stub";
import { demonstrate } from "./demonstration.mjs";
import { runCommand } from "./run-command.mjs";

const [command, ...args] = process.argv.slice(2);
// npm runs this in the package's own directory, and tells the one that it was called in.
const rootDirectory = process.env["INIT_CWD"] ?? process.cwd();
const engine = "workspaces/default/sandboxEngines/local";
const stub = await startStubServer({
  engines: [command === undefined ? engine : { name: engine, rootDirectory }],
});
const client = new ProcessClient(stub.connection);
// HOME would be the engine's root directory otherwise.
const environmentVariables = { HOME: homedir() };
try {
  // Not process.exit(), which would cut off output that a pipe has not taken yet.
  process.exitCode =
    command === undefined
      ? await demonstrate(client, stub.parent)
      : await runCommand(client, stub.parent, { command, args, environmentVariables });
} finally {
  client.close();
  await stub.close();
}
