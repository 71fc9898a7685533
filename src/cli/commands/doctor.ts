import type { Command } from "commander";
import { type ConnectionOptions, withConnection } from "../connection.js";
import { diagnose, type Finding } from "../diagnosis.js";
import { EXIT } from "../failure.js";
import { print, printJson } from "../stdio.js";
import { styled } from "../text.js";

interface DoctorOptions extends ConnectionOptions {
  readonly json?: boolean;
  readonly quiet?: boolean;
}

/** `doctor`: what is between here and AIEM, and what is wrong with it. */
export function addDoctor(program: Command): void {
  const command = program
    .command("doctor")
    .description("Look at everything between here and AIEM; 1 if a check failed.")
    .option("-q, --quiet", "write nothing: the exit code tells")
    .option("--json", "write JSON Lines: a check each");
  withConnection(command).action(doctor);
}

async function doctor({ json, quiet, ...options }: DoctorOptions): Promise<void> {
  for await (const finding of diagnose(options)) {
    if (finding.result === "failed") {
      process.exitCode = EXIT.failure;
    }
    if (quiet) {
      continue;
    }
    await (json ? printJson(finding) : print(`${line(finding)}\n`));
  }
}

const STYLES = { ok: "green", warning: "yellow", failed: "red", skipped: "dim" } as const;

function line({ check, result, detail }: Finding): string {
  const mark = styled(STYLES[result], result.padEnd(7), process.stdout);
  return `${mark}  ${check.padEnd(13)}  ${detail}`;
}
