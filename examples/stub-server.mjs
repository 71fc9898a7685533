/**
 * A stub engine for programs in other languages, which find it in their environment.
 *
 * Usage: node examples/stub-server.mjs                 prints what to paste into another shell,
 *                                                      and runs until Ctrl-C
 *        node examples/stub-server.mjs COMMAND ARGS…   runs the command with it, and ends when the
 *                                                      command does
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { startStubServer } from "aiem-process-client/stub";

const [command, ...args] = process.argv.slice(2);
const stub = await startStubServer();
const variables = { AIEM_URL: stub.url, AIEM_TOKEN: stub.token, AIEM_PARENT: stub.parent };
try {
  if (command === undefined) {
    for (const [name, value] of Object.entries(variables)) {
      console.log(`export ${name}=${value}`);
    }
    await Promise.race([once(process, "SIGINT"), once(process, "SIGTERM")]);
  } else {
    const env = { ...process.env, ...variables };
    // Ctrl-C reaches the command too, and ends it; this waits for that.
    process.on("SIGINT", () => {});
    const [exitCode] = await once(spawn(command, args, { env, stdio: "inherit" }), "close");
    process.exitCode = exitCode ?? 1;
  }
} finally {
  await stub.close();
}
