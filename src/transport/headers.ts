/** Adds one that Node.js has read: it takes characters that Headers refuses. None of them is needed. */
export function appendHeader(headers: Headers, name: string, value: string): void {
  try {
    headers.append(name, value);
  } catch {}
}

export function addAllHeaders(headers: Headers, more: Headers): void {
  more.forEach((value, name) => {
    headers.append(name, value);
  });
}
