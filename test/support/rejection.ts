/** What a promise rejects with; throws where it resolves. */
export async function rejection(promise: Promise<unknown>): Promise<unknown> {
  const settled = await promise.then(
    (value) => ({ value }),
    (reason: unknown) => ({ reason }),
  );
  if ("reason" in settled) {
    return settled.reason;
  }
  throw new Error(`it resolved with ${JSON.stringify(settled.value)} instead of rejecting`);
}
