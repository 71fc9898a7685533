/** Counts the calls that a client has open, until it has got their end or has let go of them. */
export class OpenCalls {
  count = 0;
  /** The highest number of streams that were open at the same time. */
  mostStreams = 0;
  #streams = 0;

  /** Counts a call; returns how to count it no more. */
  open(method: string): () => void {
    const streams = method === "StreamOutput" ? 1 : 0;
    this.count += 1;
    this.#streams += streams;
    this.mostStreams = Math.max(this.mostStreams, this.#streams);
    return () => {
      this.count -= 1;
      this.#streams -= streams;
    };
  }
}
