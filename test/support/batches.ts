import type { OutputPiece } from "../../src/transport/output-batch.js";
import type { Batch } from "../../src/transport/wire.js";

/** The frames of a batch, in their order. */
export function piecesOf(batch: Batch): OutputPiece[] {
  return Array.from({ length: batch.count }, (_, index) => ({
    stderr: batch.stderr(index),
    data: batch.data(index),
  }));
}

/** The bytes of pieces joined: of one stream, or of both. */
export function joinedPieces(pieces: readonly OutputPiece[], stderr?: boolean): Buffer {
  const chosen = pieces.filter((piece) => stderr === undefined || piece.stderr === stderr);
  return Buffer.concat(chosen.map(({ data }) => data));
}
