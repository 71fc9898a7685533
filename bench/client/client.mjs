// @ts-check
// The program that is measured: one contender, in as many rounds as the runner asks for.
import { once } from "node:events";
import { openContender } from "../contenders/index.mjs";
import { measures } from "./measures.mjs";

/**
 * @typedef {object} Run one sample to take
 * @property {string} contender
 * @property {import("../contenders/contender.mjs").Target} target
 * @property {string} measure
 * @property {import("./measures.mjs").Params} params
 */

/**
 * What a program that is measured says.
 *
 * @typedef {{ readonly request: import("./measures.mjs").Request }
 *   | { readonly sample: import("./measures.mjs").Sample }
 *   | { readonly error: string }} Said
 */

/** @type {Map<string, Promise<import("../contenders/contender.mjs").Contender>>} */
const opened = new Map();

/**
 * Asks the runner, one question at a time: the answer is its next message.
 *
 * @type {import("./measures.mjs").Ask}
 */
async function ask(request) {
  say({ request });
  const [answer] = await once(process, "message");
  return answer;
}

/** @param {Said} said */
function say(said) {
  process.send?.(said);
}

process.on("disconnect", () => process.exit());
say({ sample: {} });
for (;;) {
  const [message] = await once(process, "message");
  /** @type {Run} */
  const { contender, target, measure, params } = message;
  try {
    const key = JSON.stringify([contender, target]);
    const open = opened.get(key) ?? openContender(contender, target);
    opened.set(key, open);
    const sample = await measures[measure]?.(await open, params, ask);
    if (sample === undefined) {
      throw new Error(`there is no measure '${measure}'`);
    }
    // Kibibytes on every platform, as libuv gives it.
    const peak = (process.resourceUsage().maxRSS * 1024) / 1e6;
    say({ sample: { ...sample, peak } });
  } catch (error) {
    say({ error: error instanceof Error ? error.message : String(error) });
  }
}
