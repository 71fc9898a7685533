import { FileSpool } from "../../src/stub/engine/spool/file-spool.js";
import type { SpoolReader } from "../../src/stub/engine/spool/spool.js";

const open = new Set<SpoolReader>();

// Whatever the protocol is, a follower of a stub engine in this program reads by one of these.
const { openReader } = FileSpool.prototype;
FileSpool.prototype.openReader = function (from, to) {
  const reader = openReader.call(this, from, to);
  const close = reader.close.bind(reader);
  open.add(reader);
  reader.close = () => {
    open.delete(reader);
    return close();
  };
  return reader;
};

/** How many followers the stub engines in this program have. Compare with the number before. */
export function openFollowers(): number {
  return open.size;
}
