// As `streamLines`: a longer line is looked at in pieces.
const MAX_LINE_BYTES = 1024 * 1024;
const LINE_FEED = 0x0a;

/** Looks for a line in the bytes of one stream, which come in pieces that split lines anywhere. */
export class LineSearch {
  readonly #expression: RegExp;
  #line: Uint8Array[] = [];
  #lineBytes = 0;

  constructor(expression: RegExp) {
    this.#expression = expression;
  }

  /**
   * Takes the next piece.
   *
   * @returns how many bytes of it end the first line that matches, its line end included; undefined
   *   where none does.
   */
  push(data: Uint8Array): number | undefined {
    let at = 0;
    while (at < data.length) {
      const end = data.indexOf(LINE_FEED, at);
      const part = data.subarray(at, end === -1 ? undefined : end);
      at = end === -1 ? data.length : end + 1;
      this.#line.push(part);
      this.#lineBytes += part.length;
      if ((end !== -1 || this.#lineBytes >= MAX_LINE_BYTES) && this.#isMatch()) {
        return at;
      }
    }
    return undefined;
  }

  /** Ends the line that has begun, if any, as the end of the stream does, and tells whether it matches. */
  end(): boolean {
    return this.#lineBytes > 0 && this.#isMatch();
  }

  #isMatch(): boolean {
    const line = Buffer.concat(this.#line).toString("utf8").replace(/\r$/, "");
    this.#line = [];
    this.#lineBytes = 0;
    return this.#expression.test(line);
  }
}
