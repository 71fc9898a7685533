/** A place in a line. */
export interface Place<T> {
  readonly value: T;
  /** When it was taken, by `performance.now()`. */
  readonly since: number;
}

interface Node<T> extends Place<T> {
  before: Node<T> | undefined;
  after: Node<T> | undefined;
  gone: boolean;
}

/**
 * Who waits, first come first served; anyone can leave at once. Not a Set: where ten thousand have
 * left a Set from its front, finding the first of those that are left passes all their holes.
 */
export class Line<T> {
  #first: Node<T> | undefined;
  #last: Node<T> | undefined;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  get first(): Place<T> | undefined {
    return this.#first;
  }

  /**
   * Joins the line at its end.
   *
   * @returns a function that leaves it, and does nothing the second time.
   */
  join(value: T, since: number): () => void {
    const node: Node<T> = { value, since, before: this.#last, after: undefined, gone: false };
    if (this.#last) {
      this.#last.after = node;
    } else {
      this.#first = node;
    }
    this.#last = node;
    this.#size += 1;
    return () => this.#leave(node);
  }

  #leave(node: Node<T>): void {
    if (node.gone) {
      return;
    }
    node.gone = true;
    if (node.before) {
      node.before.after = node.after;
    } else {
      this.#first = node.after;
    }
    if (node.after) {
      node.after.before = node.before;
    } else {
      this.#last = node.before;
    }
    this.#size -= 1;
  }
}
