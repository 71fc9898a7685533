import { getOption } from "@bufbuild/protobuf";
import { describe, expect, it } from "vitest";
import { ProcessService } from "../../gen/ai/h2o/engine/sandbox/v1/process_service_pb.js";
import { http } from "../../gen/google/api/annotations_pb.js";
import * as api from "../../src/index.js";
import { readText } from "./documents.js";
import { tableRows } from "./markdown.js";

const methods = Object.getOwnPropertyNames(api.ProcessClient.prototype).filter(
  (name) => name !== "constructor",
);
const index = tableRows(readText("docs/README.md"));
const fromPython = tableRows(readText("docs/from-python.md"));
const errorsAndRetries = tableRows(readText("docs/errors-and-retries.md"));

const NAME = "workspaces/w/sandboxEngines/e/processes/p";

/** The names in backticks at the beginning of a table's cells, without their arguments. */
function names(cell: string | undefined): string[] {
  return [...(cell ?? "").matchAll(/`(\w+)/g)].map(([, name = ""]) => name);
}

describe("docs/README.md", () => {
  it("has every method of the client, and no other", () => {
    const told = index
      .filter(([cell]) => /^`\w+\(/.test(cell ?? ""))
      .map(([cell]) => names(cell)[0]);
    expect(told.sort()).toEqual([...methods].sort());
  });
});

describe("docs/README.md, of the handle of a process", () => {
  it("names every method", () => {
    const [line = ""] = /^`process\(name\)` has .*$/m.exec(readText("docs/README.md")) ?? [];
    const handle = Object.getPrototypeOf(
      new api.ProcessClient({ aiemUrl: "http://x" }).process(NAME),
    );
    const own = Object.getOwnPropertyNames(handle).filter((name) => name !== "constructor");
    expect(own.length).toBeGreaterThan(10);
    expect(own.filter((name) => !line.includes(`\`${name}\``))).toEqual([]);
  });
});

describe("docs/from-python.md", () => {
  it("has every method of the client, next to H2O's", () => {
    const told = new Set(fromPython.flatMap(([, cell]) => names(cell)));
    expect(methods.filter((name) => !told.has(name))).toEqual([]);
  });
});

describe("docs/errors-and-retries.md", () => {
  it("tells for every operation what is sent again", () => {
    const told = new Set(errorsAndRetries.flatMap(([cell]) => names(cell)));
    const operations = methods.filter((name) => name !== "process" && name !== "close");
    expect(operations.filter((name) => !told.has(name))).toEqual([]);
  });

  it("has every error class, with its code", () => {
    const classes = Object.keys(api).filter((name) => name.endsWith("Error"));
    expect(classes.length).toBeGreaterThan(5);
    for (const name of classes.filter((name) => name !== "ConnectError")) {
      const file = name.replace(/(?<!^)[A-Z]/g, (letter) => `-${letter}`).toLowerCase();
      const [, code] = /readonly code = Code\.(\w+)/.exec(readText(`src/errors/${file}.ts`)) ?? [];
      const row = errorsAndRetries.find(([cell]) => cell === `\`${name}\``);
      expect(row?.[1], name).toBe(code);
    }
  });

  it("has every code that the contract names", () => {
    const contract = readText("proto/ai/h2o/engine/sandbox/v1/process_service.proto");
    const codes = Object.keys(api.Code).filter((name) => Number.isNaN(Number(name)));
    const named = codes.filter((name) => {
      const upper = name.replace(/(?<!^)[A-Z]/g, (letter) => `_${letter}`).toUpperCase();
      return new RegExp(`// .*\\b${upper}\\b`).test(contract);
    });
    expect(named.length).toBeGreaterThan(4);
    for (const code of named) {
      const row = errorsAndRetries.find(([cell]) => cell === `\`${code}\``);
      expect(row?.[1], code).not.toBeFalsy();
    }
  });
});

describe("docs/contract.md", () => {
  it("has the HTTP rule of every method", () => {
    const rows = tableRows(readText("docs/contract.md"));
    for (const method of ProcessService.methods) {
      const { case: verb, value: path } = getOption(method, http).pattern;
      const row = rows.find(([cell]) => cell === method.name);
      expect(row?.[1], method.name).toContain(`${verb?.toUpperCase()} \`${path}\``);
    }
  });
});
