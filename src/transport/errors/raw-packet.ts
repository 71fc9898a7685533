/**
 * Takes the bytes that an HTTP parser stumbled over off the cause of an error, where Node.js leaves
 * them for everybody to see: they are an answer's, and may hold a process's environment.
 */
export function forgetRawPacket(error: unknown): void {
  const cause = error instanceof Error ? error.cause : undefined;
  if (cause instanceof Error) {
    Reflect.deleteProperty(cause, "rawPacket");
  }
}
