/**
 * `npm start`: the command line, with an engine on this machine.
 *
 * Usage: npm start                             a small demonstration
 *        npm start --silent -- COMMAND ARGS…   your own command, byte for byte, in the directory that
 *                                              you are in
 */
import { createRequire } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

const demonstration = `
  echo "loading the data"; sleep 0.4
  echo "no GPU found, going on without" >&2; sleep 0.4
  for epoch in 1 2 3; do echo "epoch $epoch of 3"; sleep 0.4; done
  echo "model saved"
`;

const manifest = createRequire(import.meta.url).resolve("aiem-process-client/package.json");
const program = join(manifest, "..", "dist", "cli", "aiem-process.js");
const [node = "", , ...command] = process.argv;
const args =
  command.length === 0
    ? ["run", "--local", "--verbose", "--", "sh", "-c", demonstration]
    : ["run", "--local", "--quiet", "--", ...command];
process.argv = [node, program, ...args];
// npm runs this in the package's own directory, and tells the one that it was called in.
process.chdir(process.env["INIT_CWD"] ?? ".");
await import(pathToFileURL(program).href);
