import { readdirSync, readFileSync } from "node:fs";
import { posix } from "node:path";
import { describe, expect, inject, it } from "vitest";

const reference = inject("reference");
const untested = "missing" in reference ? ` (not tested: ${reference.missing})` : "";
const { folder, exitCode, said } =
  "folder" in reference ? reference : { folder: "", exitCode: null, said: "" };

describe.skipIf("missing" in reference)(`the API reference${untested}`, () => {
  it("has a comment for each exported name, and no comment with a link that leads nowhere", () => {
    expect(said).not.toMatch(/warning|error\]/);
    expect(exitCode, said).toBe(0);
  });

  it("has a page for what a user calls, with its comment", () => {
    const client = readFileSync(`${folder}/classes/aiem-process-client.ProcessClient.html`, "utf8");
    for (const text of ["runProcess", "streamOutput", "terminateProcess", "timeoutMs"]) {
      expect(client).toContain(text);
    }
    const modules = readdirSync(`${folder}/modules`);
    expect(modules).toEqual(
      expect.arrayContaining([
        "aiem-process-client.html",
        "aiem-process-client_otel.html",
        "aiem-process-client_stub.html",
      ]),
    );
  });

  it("has no link to a page or a place in a page that is not there", () => {
    const pages = new Map(
      readdirSync(folder, { recursive: true, encoding: "utf8" })
        .filter((path) => /\.(html|svg|js|css)$/.test(path))
        .map((path) => [path, readFileSync(`${folder}/${path}`, "utf8")]),
    );
    const ids = new Map(
      [...pages].map(([path, text]) => [path, new Set(matches(text, /\bid="([^"]+)"/g))]),
    );
    const dead = [...pages]
      .filter(([path]) => path.endsWith(".html"))
      .flatMap(([path, text]) =>
        matches(text, /<a [^>]*?\bhref="([^"]+)"/g)
          .filter((href) => !/^https:/.test(href))
          .filter((href) => {
            const [file = "", id] = href.split("#");
            const target = file === "" ? path : posix.join(posix.dirname(path), decodeURI(file));
            return !pages.has(target) || (id && !ids.get(target)?.has(decodeURIComponent(id)));
          })
          .map((href) => `${path}: ${href}`),
      );
    expect(pages.size).toBeGreaterThan(50);
    expect(dead).toEqual([]);
  });
});

function matches(text: string, pattern: RegExp): string[] {
  return [...text.matchAll(pattern)].map(([, found = ""]) => found);
}
