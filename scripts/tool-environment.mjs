import { delimiter } from "node:path";
import { fileURLToPath } from "node:url";

/** The environment in which a program is one of the development dependencies before one in PATH. */
export const toolEnvironment = {
  ...process.env,
  PATH: [fileURLToPath(new URL("../node_modules/.bin", import.meta.url)), process.env["PATH"]].join(
    delimiter,
  ),
};
