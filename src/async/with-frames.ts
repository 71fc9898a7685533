// What lies between a user's program and the place where an error is made: our own functions, and
// up to five of Node's where a timer or a callback runs what waits.
const OWN_FRAMES = 15;

/**
 * Makes an error whose stack shows the caller's program. Node keeps ten frames, and ours can be more
 * than that. To be called after an `await`: V8 adds the frames of those who wait.
 */
export function withFrames<T>(make: () => T): T {
  const usual = Error.stackTraceLimit;
  if (typeof usual !== "number" || usual < 1 || !isWritable()) {
    return make();
  }
  Error.stackTraceLimit = usual + OWN_FRAMES;
  try {
    return make();
  } finally {
    Error.stackTraceLimit = usual;
  }
}

// Not with --frozen-intrinsics.
function isWritable(): boolean {
  const limit = Object.getOwnPropertyDescriptor(Error, "stackTraceLimit");
  return limit?.writable ?? limit?.set !== undefined;
}
