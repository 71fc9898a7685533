import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  formatEngineName,
  formatProcessName,
  isProcessId,
  matchEngineName,
  matchProcessName,
} from "../../src/model/resource-names.js";
import {
  invalidEngineName,
  invalidProcessId,
  invalidProcessName,
  segment,
  validEngineName,
  validProcessId,
  validProcessName,
} from "../support/resource-name-arbitraries.js";

describe("the name of an engine", () => {
  it("comes apart into what it was made of", () => {
    fc.assert(
      fc.property(segment, segment, (workspace, engine) => {
        const parts = { workspace, engine };
        expect(matchEngineName(formatEngineName(parts))).toEqual(parts);
      }),
    );
  });

  it("is nothing else", () => {
    fc.assert(
      fc.property(invalidEngineName, (name) => {
        expect(matchEngineName(name)).toBeUndefined();
      }),
    );
  });
});

describe("the name of a process", () => {
  it("comes apart into what it was made of", () => {
    fc.assert(
      fc.property(segment, segment, segment, (workspace, engine, process) => {
        const name = formatProcessName(formatEngineName({ workspace, engine }), process);
        expect(matchProcessName(name)).toEqual({ workspace, engine, process });
      }),
    );
  });

  it("is nothing else", () => {
    fc.assert(
      fc.property(invalidProcessName, (name) => {
        expect(matchProcessName(name)).toBeUndefined();
      }),
    );
  });

  it("is never the name of an engine as well", () => {
    fc.assert(
      fc.property(fc.oneof(validEngineName, validProcessName), (name) => {
        expect(matchEngineName(name) === undefined).toBe(matchProcessName(name) !== undefined);
      }),
    );
  });

  it("stays the same through a URL, so that no other resource can be reached by it", () => {
    fc.assert(
      fc.property(validProcessName, (name) => {
        expect(new URL(`http://host/v1/${name}`).pathname).toBe(`/v1/${name}`);
      }),
    );
  });
});

describe("the id of a new process", () => {
  it("is 1 to 63 of [a-z0-9-], the first and the last alphanumeric", () => {
    fc.assert(
      fc.property(validProcessId, (id) => {
        expect(isProcessId(id)).toBe(true);
      }),
    );
    expect(isProcessId("0".repeat(63))).toBe(true);
  });

  it("is nothing else", () => {
    fc.assert(
      fc.property(invalidProcessId, (id) => {
        expect(isProcessId(id)).toBe(false);
      }),
    );
  });

  it("makes the name of a process", () => {
    fc.assert(
      fc.property(validEngineName, validProcessId, (engine, id) => {
        expect(matchProcessName(formatProcessName(engine, id))?.process).toBe(id);
      }),
    );
  });
});
