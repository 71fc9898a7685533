import { execFileSync } from "node:child_process";
import {
  appendFileSync,
  cpSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { ROOT } from "../docs/documents.js";
import { runToEnd } from "../support/run-to-end.js";

const COPIED = [
  "package.json",
  "package-lock.json",
  "CHANGELOG.md",
  "README.md",
  "buf.yaml",
  "buf.gen.yaml",
  "gen",
  "proto",
  "proto.baseline.binpb",
  "third_party",
  "scripts",
  "src/model/version.ts",
];

/** A repository with what a release touches, at the version 0.3.0. */
let folder: string;
let start: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "aiem-release-"));
  for (const path of COPIED) {
    cpSync(join(ROOT, path), join(folder, path), { recursive: true });
  }
  symlinkSync(join(ROOT, "node_modules"), join(folder, "node_modules"));
  const { version } = JSON.parse(read("package.json"));
  for (const file of ["package.json", "package-lock.json", "src/model/version.ts"]) {
    write(file, read(file).replaceAll(`"${version}"`, '"0.3.0"'));
  }
  write(
    "CHANGELOG.md",
    "# Changelog\n\n## Unreleased\n\n- It hops.\n\n## 0.3.0 (2026-01-02)\n\n- It is.\n",
  );
  write("README.md", "npm install aiem-process-client@0.3.0 some-client@0.3.0\n");
  write("proto.baseline.binpb", "");
  git("init", "--quiet", "--initial-branch=main");
  appendFileSync(join(folder, ".git/info/exclude"), "node_modules\n");
  git("config", "user.name", "A maintainer");
  git("config", "user.email", "maintainer@example.com");
  git("config", "commit.gpgsign", "false");
  git("config", "tag.gpgsign", "false");
  git("add", "--all");
  git("commit", "--quiet", "--message", "Start");
  git("tag", "v0.3.0");
  start = git("rev-parse", "HEAD");
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

beforeEach(() => {
  git("checkout", "--quiet", "--force", "-B", "main", start);
  git("clean", "--quiet", "--force", "-d");
});

function git(...args: string[]): string {
  return execFileSync("git", args, { cwd: folder, encoding: "utf8" }).trim();
}

function read(file: string): string {
  return readFileSync(join(folder, file), "utf8");
}

function write(file: string, text: string): void {
  writeFileSync(join(folder, file), text);
}

function release(...args: string[]) {
  const script = join(folder, "scripts/release.mjs");
  return runToEnd(process.execPath, [script, ...args], { cwd: folder, maxMs: 60_000 });
}

describe("npm run release", () => {
  it("commits and tags the version, the changelog and the contract, and says how to publish", async () => {
    const run = await release("0.4.0");
    expect(run, run.stderr).toMatchObject({ exitCode: 0 });
    expect(run.stdout).toMatch(/\nNext, to publish it: git push --atomic origin main v0\.4\.0\n$/);

    expect(git("status", "--porcelain")).toBe("");
    expect(git("log", "--format=%s", "-2")).toBe("Release 0.4.0\nStart");
    expect(git("cat-file", "tag", "v0.4.0")).toMatch(/\n0\.4\.0\n\n- It hops\.$/);
    expect(git("rev-parse", "v0.4.0^{commit}")).toBe(git("rev-parse", "HEAD"));

    expect(JSON.parse(read("package.json")).version).toBe("0.4.0");
    const lock = JSON.parse(read("package-lock.json"));
    expect([lock.version, lock.packages[""].version]).toEqual(["0.4.0", "0.4.0"]);
    expect(read("src/model/version.ts")).toContain('VERSION = "0.4.0"');
    expect(read("README.md")).toBe("npm install aiem-process-client@0.4.0 some-client@0.3.0\n");
    expect(read("CHANGELOG.md")).toMatch(
      /^# Changelog\n\n## Unreleased\n\n## 0\.4\.0 \(\d{4}-\d\d-\d\d\)\n\n- It hops\.\n\n## 0\.3\.0 \(/,
    );
    expect(read("proto.baseline.binpb").length).toBeGreaterThan(1000);
    const changed = git("diff", "--name-only", "HEAD~1").split("\n");
    expect(changed.length).toBe(6);
    git("tag", "--delete", "v0.4.0");
  });

  it("tells what it would do with --dry-run, and does nothing", async () => {
    const run = await release("0.4.0-rc.1", "--dry-run");
    expect(run, run.stderr).toMatchObject({ exitCode: 0 });
    expect(run.stdout).toContain("0.3.0 becomes 0.4.0-rc.1 in package.json, package-lock.json");
    expect(run.stdout).toContain("- It hops.");
    expect(git("status", "--porcelain")).toBe("");
    expect(git("rev-parse", "HEAD")).toBe(start);
    expect(git("tag")).toBe("v0.3.0");
  });

  it.each<[title: string, version: string, says: string, prepare: () => void]>([
    ["something that is no version", "v0.4", "usage: npm run release -- VERSION", () => {}],
    ["a version that is released", "0.3.0", "the tag v0.3.0 is there already", () => {}],
    ["a version that is lower", "0.2.9", "not higher than 0.3.0, which is released", () => {}],
    ["a prerelease of a release", "0.3.0-rc.2", "not higher than 0.3.0", () => {}],
    [
      "another branch",
      "0.4.0",
      "the branch is other, not main",
      () => git("checkout", "--quiet", "-B", "other"),
    ],
    [
      "a file that is not committed",
      "0.4.0",
      "there are changes that are not committed:\n?? notes.txt",
      () => write("notes.txt", ""),
    ],
    [
      "a changelog without entries",
      "0.4.0",
      "CHANGELOG.md has no entries under Unreleased",
      () => {
        write("CHANGELOG.md", read("CHANGELOG.md").replace("- It hops.\n", ""));
        git("commit", "--quiet", "--all", "--message", "No entries");
      },
    ],
    [
      "generated code that is stale",
      "0.4.0",
      "is not what proto/ and third_party/ generate",
      () => {
        const file = "gen/ai/h2o/engine/sandbox/v1/process_pb.js";
        write(file, `${read(file)}// by hand\n`);
        git("commit", "--quiet", "--all", "--message", "Edit generated code");
      },
    ],
  ])("refuses %s, and changes nothing", async (_title, version, says, prepare) => {
    prepare();
    const before = [git("rev-parse", "HEAD"), git("status", "--porcelain"), git("tag")];
    const run = await release(version);
    expect(run.stderr).toContain(says);
    expect(run).toMatchObject({ exitCode: 1, stdout: "" });
    expect([git("rev-parse", "HEAD"), git("status", "--porcelain"), git("tag")]).toEqual(before);
  });

  it("leaves the tree as it was where a step fails", async () => {
    const hook = join(folder, ".git/hooks/pre-commit");
    writeFileSync(hook, "#!/bin/sh\nexit 1\n", { mode: 0o755 });
    try {
      const run = await release("0.4.0");
      expect(run).toMatchObject({ exitCode: 1 });
      expect(git("rev-parse", "HEAD")).toBe(start);
      expect(git("status", "--porcelain")).toBe("");
      expect(JSON.parse(read("package.json")).version).toBe("0.3.0");
    } finally {
      rmSync(hook);
    }
  });
});
