import { describe, expect, it } from "vitest";
import { Engines } from "../../../src/stub/engine/engines.js";
import { onProgramExit } from "../../../src/stub/engine/temporary-directory.js";
import { ENGINE, exists } from "./support.js";

const listeners = () => process.listenerCount("exit");

describe("the hook for the program's end", () => {
  it("is one for all engines, and goes with the last of them", async () => {
    const before = listeners();
    const all = [1, 2, 3].map(() => new Engines({ defaultCreator: "me" }));
    expect(listeners()).toBe(before);
    for (const engines of all) {
      engines.create(ENGINE);
    }
    expect(listeners()).toBe(before + 1);
    await all[0]?.close();
    expect(listeners()).toBe(before + 1);
    await Promise.all(all.map((engines) => engines.close()));
    expect(listeners()).toBe(before);
  });

  it("is not there for engines that could not be made", () => {
    const before = listeners();
    expect(() => new Engines({ defaultCreator: "me", maxSpoolBytes: -1 })).toThrow(TypeError);
    expect(listeners()).toBe(before);
  });

  it("goes on with others where one fails", async () => {
    const fails = onProgramExit(() => {
      throw new Error("no");
    });
    const engines = new Engines({ defaultCreator: "me" });
    const { rootDirectory } = engines.create(ENGINE);
    // This program goes on: only this listener is called.
    process.listeners("exit").at(-1)?.(0);
    expect(exists(rootDirectory)).toBe(false);
    fails();
    await engines.close();
  });
});
