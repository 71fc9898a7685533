import fc from "fast-check";

/** Bytes cut into chunks, some of which may be empty. */
export function chunkings(bytes: fc.Arbitrary<Uint8Array>): fc.Arbitrary<Uint8Array[]> {
  return fc.tuple(bytes, fc.array(fc.nat(), { maxLength: 20 })).map(([all, at]) => {
    const cuts = [...at.map((cut) => cut % (all.length + 1)), 0, all.length].sort((a, b) => a - b);
    return cuts.slice(1).map((end, index) => all.slice(cuts[index], end));
  });
}
