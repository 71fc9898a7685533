/** Runs every nth seed of a range, in a process of its own, and tells its parent the totals. */
import { loadSimulation } from "./load-simulation.mjs";
import { Totals } from "./totals.mjs";

// Often enough to see that it goes on.
const TELL_EVERY = 500;

const [first = 1, last = 1, step = 1] = process.argv.slice(2).map(Number);
const { simulate, close } = await loadSimulation();
let totals = new Totals();
let current = first;
process.on("unhandledRejection", (reason) => {
  const violations = [`a rejection that nobody handles: ${reason}`];
  totals.failures.push({ seed: current, violations });
});
for (current = first; current <= last; current += step) {
  totals.add(await simulate(current));
  if (totals.schedules === TELL_EVERY) {
    process.send?.(totals);
    totals = new Totals();
  }
}
process.send?.(totals);
await close();
process.disconnect?.();
