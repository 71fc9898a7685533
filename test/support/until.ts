/** Reads until `enough`, and leaves the loop. */
export async function until<T>(
  items: AsyncIterable<T>,
  enough: (read: readonly T[]) => boolean,
): Promise<T[]> {
  const read: T[] = [];
  for await (const item of items) {
    read.push(item);
    if (enough(read)) {
      return read;
    }
  }
  throw new Error(`the end came after ${read.length} items, before there was enough`);
}
