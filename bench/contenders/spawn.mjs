// @ts-check
// No service at all: what a process costs this machine.
import { spawn } from "node:child_process";
import { once } from "node:events";

/** @returns {import("./contender.mjs").Contender} */
export function open() {
  return {
    async run(_parent, command, args) {
      const child = spawn(command, args, { stdio: ["ignore", "pipe", "pipe"] });
      let output = "";
      child.stdout.setEncoding("utf8").on("data", (data) => {
        output += data;
      });
      await once(child, "close");
      return output;
    },
    close() {},
  };
}
