import type { JsonValue } from "@bufbuild/protobuf";
import type { ConnectError } from "@connectrpc/connect";
import type { Failure } from "../errors/outcome.js";
import { printable } from "../errors/printable.js";
import type { Evidence } from "./wire.js";

// More than any message that is meant to be read, and little enough for a line of a log.
const MOST_CHARACTERS = 4096;
// A shorter token would be found in texts that have nothing to do with it.
const LEAST_SECRET_CHARACTERS = 8;
const HIDDEN = "[hidden]";

/**
 * A failure of an attempt as it may be shown. Its texts are a server's, or those of whoever answered
 * in its place: the token that was sent with the request is hidden in them, what is not printable is
 * escaped, and what is very long is cut.
 */
export function shownFailure(failure: Failure, { credentials }: Evidence): Failure {
  const secret = secretOf(credentials);
  const message = shown(failure.message, secret);
  const metadata = secret === undefined ? failure.metadata : hidden(failure.metadata, secret);
  const details = secret === undefined ? failure.details : hiddenDetails(failure.details, secret);
  const isSame =
    message === failure.message && metadata === failure.metadata && details === failure.details;
  if (isSame || failure.thrown !== undefined) {
    return failure;
  }
  // The cause is as a rule an error with the same text as it came.
  return { ...failure, message, metadata, details, cause: undefined };
}

function secretOf(credentials: string | undefined): string | undefined {
  // Without the scheme, such as Bearer.
  const secret = credentials?.replace(/^\S+\s+(?=\S)/, "");
  return secret !== undefined && secret.length >= LEAST_SECRET_CHARACTERS ? secret : undefined;
}

function shown(text: string, secret: string | undefined): string {
  const safe = secret === undefined ? text : text.replaceAll(secret, HIDDEN);
  if (safe.length <= MOST_CHARACTERS) {
    return printable(safe);
  }
  // Not in the middle of a character.
  const beginning = safe.slice(0, MOST_CHARACTERS).replace(/[\ud800-\udbff]$/, "");
  return `${printable(beginning)}… (cut: it has ${text.length} characters)`;
}

function hidden(metadata: Headers | undefined, secret: string): Headers | undefined {
  if (!metadata || ![...metadata.values()].some((value) => value.includes(secret))) {
    return metadata;
  }
  const safe = new Headers();
  metadata.forEach((value, name) => {
    safe.append(name, value.replaceAll(secret, HIDDEN));
  });
  return safe;
}

function hiddenDetails(details: Failure["details"], secret: string): Failure["details"] {
  let isSame = true;
  const safe = details?.map((detail): ConnectError["details"][number] => {
    const text = "debug" in detail ? JSON.stringify(detail.debug) : undefined;
    if (!text?.includes(secret)) {
      return detail;
    }
    isSame = false;
    const debug: JsonValue = JSON.parse(text.replaceAll(secret, HIDDEN));
    return { ...detail, debug };
  });
  return isSame ? details : safe;
}
