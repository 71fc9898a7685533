// @ts-check
/**
 * The memory that 1 GB of output of one process takes, in the server and in the client: with a
 * reader as fast as can be, and with one ten times slower than that. Fails where a peak is more than
 * 150 MB above the memory without load. Linux only; takes about two minutes.
 *
 * Usage: npm run bench:rss
 */
import { measure } from "./rss/measure.mjs";

const OUTPUT_BYTES = 1e9;
const MOST_ABOVE_IDLE_MB = 150;
// Enough for the slow reader to take hundreds of times what may be held for it.
const SLOW_SECONDS = 90;

/** @type {string[]} */
const broken = [];

const fast = await measure({ bytes: OUTPUT_BYTES, maxSeconds: 60 });
report("fast reader", fast);
const bytesPerSecond = fast.read / fast.seconds / 10;
report(
  "slow reader, a tenth of that",
  await measure({ bytes: OUTPUT_BYTES, bytesPerSecond, maxSeconds: SLOW_SECONDS }),
);

for (const line of broken) {
  console.error(line);
}
process.exitCode = broken.length === 0 ? 0 : 1;

/**
 * @param {string} title
 * @param {Awaited<ReturnType<typeof measure>>} result
 */
function report(title, { server, client, read, seconds }) {
  const megabytes = read / 1e6;
  console.log(
    `${title}: ${megabytes.toFixed(0)} MB in ${seconds.toFixed(1)} s, ${(megabytes / seconds).toFixed(1)} MB/s`,
  );
  for (const [program, { idle, peak }] of Object.entries({ server, client })) {
    const above = peak - idle;
    console.log(
      `  ${program}: idle ${idle.toFixed(0)} MB, peak ${peak.toFixed(0)} MB, difference ${above.toFixed(0)} MB`,
    );
    if (above > MOST_ABOVE_IDLE_MB) {
      broken.push(
        `${title}: the ${program} took ${above.toFixed(0)} MB, more than ${MOST_ABOVE_IDLE_MB} MB`,
      );
    }
  }
}
