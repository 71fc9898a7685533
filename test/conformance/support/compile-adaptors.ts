import { mkdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { root, run } from "../../support/run-tool.js";
import { cache } from "./suite.js";

const programs = join(cache, "programs");

/**
 * Compiles the adaptors with what they test, and with the messages of the suite.
 *
 * @param protos the folder with the suite's messages
 * @returns the folder with the programs `client.js` and `server.js`
 */
export function compileAdaptors(protos: string): string {
  rmSync(programs, { recursive: true, force: true });
  mkdirSync(programs, { recursive: true });
  const imports = { "#suite/*": "./suite/connectrpc/conformance/v1/*" };
  writeFileSync(join(programs, "package.json"), JSON.stringify({ type: "module", imports }));
  // Generated JavaScript, which the compiler does not copy.
  symlinkSync(join(root, "gen"), join(programs, "gen"), "junction");
  const plugin = {
    local: "protoc-gen-es",
    out: join(programs, "suite"),
    opt: ["target=js+dts", "import_extension=js"],
  };
  run("buf", [
    "generate",
    protos,
    "--template",
    JSON.stringify({ version: "v2", plugins: [plugin] }),
  ]);
  run("tsc", ["--project", join(root, "test/conformance/adaptors")]);
  return join(programs, "test/conformance/adaptors");
}
