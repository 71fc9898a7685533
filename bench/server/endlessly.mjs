// @ts-check

/**
 * Writes the same piece again and again, as fast as it is taken, until the stream is closed. Two are
 * always under way, so that the socket never waits for this program.
 *
 * @param {import("node:stream").Writable} stream
 * @param {Buffer} piece
 */
export function endlessly(stream, piece) {
  const write = () => {
    if (!stream.destroyed && stream.writable) {
      stream.write(piece, (error) => {
        if (!error) {
          write();
        }
      });
    }
  };
  write();
  write();
}
