import { execFile } from "node:child_process";
import { writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";
import { VERSION } from "../../src/model/version.js";
import { bundle } from "../support/bundle.js";

const run = promisify(execFile);

const PROGRAM = `
(async () => {
  const { startStubServer } = await import(process.argv[2]);
  const stub = await startStubServer();
  const { version } = await (await fetch(stub.url + "/version")).json();
  const call = async (path, body) => {
    const answer = await fetch(stub.url + "/v1/" + path, {
      method: body ? "POST" : "GET",
      headers: { authorization: "Bearer " + stub.token, "content-type": "application/json" },
      ...(body && { body: JSON.stringify(body) }),
    });
    return answer.json();
  };
  const path = stub.parent + "/processes?auto_run=true";
  const { process: created } = await call(path, { command: "true" });
  const { process: waited } = await call(created.name + ":wait", {});
  console.log(version, waited.state);
  await stub.close();
})();
`;

describe("the stub in one bundled file", () => {
  it.each(["esm", "cjs"] as const)("runs a process, as %s", async (format) => {
    const { file, remove } = await bundle("src/stub/index.ts", format);
    try {
      const program = join(dirname(file), "program.cjs");
      writeFileSync(program, PROGRAM);
      const { stdout } = await run(process.execPath, [program, file]);
      expect(stdout).toBe(`${VERSION} STATE_SUCCEEDED\n`);
    } finally {
      remove();
    }
  });
});
