// But not those of the body, which is another one here.
const FORWARDED = /^grpc-(?:metadata|trailer)-(?!content-)(.+)$/;

/**
 * The headers of an answer. grpc-gateway hands on what the service says with a prefix; it is there
 * without the prefix too, unless the answer has a header of that name itself.
 *
 * @param raw names and values in turn, as Node.js has them.
 */
export function responseHeaders(raw: readonly string[]): Headers {
  const headers = new Headers();
  for (let i = 0; i + 1 < raw.length; i += 2) {
    append(headers, raw[i] ?? "", raw[i + 1] ?? "");
  }
  for (const [name, value] of [...headers]) {
    const [, own] = FORWARDED.exec(name) ?? [];
    if (own !== undefined && !headers.has(own)) {
      append(headers, own, value);
    }
  }
  return headers;
}

// Node.js takes characters from servers that Headers refuses. None of them is needed.
function append(headers: Headers, name: string, value: string): void {
  try {
    headers.append(name, value);
  } catch {}
}
