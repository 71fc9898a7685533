// Parses the modules on standard input, without running them, and writes what cannot be parsed.
import { text } from "node:stream/consumers";
import { SourceTextModule } from "node:vm";

/** @type {{ place: string, code: string }[]} */
const modules = JSON.parse(await text(process.stdin));
const errors = modules.flatMap(({ place, code }) => {
  try {
    new SourceTextModule(code);
    return [];
  } catch (error) {
    return [`${place}: ${error}`];
  }
});
console.log(JSON.stringify(errors));
