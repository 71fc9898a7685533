import { realpathSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { Code } from "@connectrpc/connect";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { shell } from "../../support/commands.js";
import type { FullContractTarget } from "../contract-target.js";
import { useTarget } from "./use-target.js";

const SECRET = "workspaces/w/secrets/s";
const LEAK = "AIEM_CONTRACT_LEAK";

/** What a process finds when it starts: variables, secrets, and where it is. */
export function defineEnvironment(target: FullContractTarget): void {
  describe("a process's environment", () => {
    const open = useTarget(target, {
      secrets: {
        [`${SECRET}/versions/1`]: "old value",
        [`${SECRET}/versions/2`]: "new value",
      },
    });
    beforeAll(() => {
      process.env[LEAK] = "the parent's own";
    });
    afterAll(() => {
      delete process.env[LEAK];
    });
    const stdoutOf = async (
      ...[spec]: [Parameters<ReturnType<typeof open>["client"]["runProcess"]>[1]]
    ) => {
      const { client, parent } = open();
      return (await client.runProcess(parent, spec, { check: true })).stdout.text();
    };

    it("has what the request says, and nothing of the engine's own", async () => {
      const printed = await stdoutOf({
        command: "env",
        environmentVariables: { MULTI: "a\nb", SIGN: "a=b", UNICODE: "ü€😀", EMPTY: "" },
      });
      expect(printed).toContain("MULTI=a\nb\n");
      expect(printed).toContain("SIGN=a=b\n");
      expect(printed).toContain("UNICODE=ü€😀\n");
      expect(printed).toContain("EMPTY=\n");
      expect(printed).not.toContain(LEAK);
      const names = printed.match(/^[A-Z_0-9]+(?==)/gm) ?? [];
      expect(new Set(names)).toEqual(
        new Set(["PATH", "HOME", "LANG", "MULTI", "SIGN", "UNICODE", "EMPTY"]),
      );
    });

    it("has secrets, which win over variables of the same name and are shown by no reader", async () => {
      const { client, parent } = open();
      const spec = {
        ...shell('echo "$FIRST, $LATEST, $PLAIN"'),
        environmentVariables: { FIRST: "shadowed", PLAIN: "plain" },
        secretEnvironmentVariables: {
          FIRST: { secretVersion: `${SECRET}/versions/1` },
          LATEST: { secretVersion: `${SECRET}/versions/latest` },
        },
      };
      expect(await stdoutOf(spec)).toBe("old value, new value, plain\n");
      const created = await client.createProcess(parent, spec);
      expect(created.secretEnvironmentVariables).toEqual(spec.secretEnvironmentVariables);
      expect(JSON.stringify(created)).not.toMatch(/old value|new value/);
    });

    it("cannot be made of a secret that is missing: FAILED_PRECONDITION names it", async () => {
      const { client, parent } = open();
      const missing = `${SECRET}/versions/9`;
      const spec = {
        ...shell("exit 0"),
        secretEnvironmentVariables: { KEY: { secretVersion: missing } },
      };
      const refusal = { code: Code.FailedPrecondition, message: expect.stringContaining(missing) };
      await expect(
        client.createProcess(parent, spec, { processId: "unmade", autoRun: true }),
      ).rejects.toMatchObject(refusal);
      await expect(client.getProcess(`${parent}/processes/unmade`)).rejects.toMatchObject({
        code: Code.NotFound,
      });
      const { name } = await client.createProcess(parent, spec);
      await expect(client.startProcess(name)).rejects.toMatchObject(refusal);
      expect((await client.getProcess(name)).state).toBe("STATE_PENDING");
    });

    it("has no standard input: reading it gives its end at once", async () => {
      expect(await stdoutOf(shell("cat; echo over"))).toBe("over\n");
    });
  });

  describe("a process's working directory", () => {
    const open = useTarget(target);

    it("is rooted at the engine's root, and is that by default", async () => {
      const { client, parent, engines } = open();
      const root = realpathSync(engines.get(parent)?.rootDirectory ?? "");
      await mkdir(join(root, "inner", "most"), { recursive: true });
      for (const [workingDirectory, expected] of [
        [undefined, root],
        ["/", root],
        ["/inner/most", join(root, "inner", "most")],
      ]) {
        const { stdout } = await client.runProcess(parent, { command: "pwd", workingDirectory });
        expect(stdout.text()).toBe(`${expected}\n`);
      }
    });

    it("has to exist: FAILED_PRECONDITION otherwise, and the process stays PENDING", async () => {
      const { client, parent } = open();
      const spec = { command: "pwd", workingDirectory: "/missing" };
      const { name } = await client.createProcess(parent, spec);
      await expect(client.startProcess(name)).rejects.toMatchObject({
        code: Code.FailedPrecondition,
      });
      expect((await client.getProcess(name)).state).toBe("STATE_PENDING");
    });
  });
}
