import type { Message, Registry } from "@bufbuild/protobuf";
import {
  createRegistry,
  type DescMessage,
  fromJson,
  type JsonObject,
  type JsonValue,
} from "@bufbuild/protobuf";
import { AnySchema, anyUnpack } from "@bufbuild/protobuf/wkt";
import type { ConnectError } from "@connectrpc/connect";
import { isJsonObject } from "../../rest-rules/json.js";

/** A google.protobuf.Any in JSON. */
type JsonAny = JsonObject & { readonly "@type": string };

// The bytes are not known without the schema. These are no message's, so that a copy of the details
// is not taken for empty messages.
const NO_MESSAGE = Uint8Array.of(0);

/**
 * Gives an error the details of a google.rpc.Status in JSON: as `debug` of each, and as messages to
 * those who ask by `findDetails`, who have the schema.
 */
export function addJsonDetails(error: ConnectError, details: readonly JsonValue[]): void {
  const known = details.filter(isJsonAny);
  error.details = known.map(({ "@type": url, ...debug }) => ({
    type: url.slice(url.lastIndexOf("/") + 1),
    value: NO_MESSAGE,
    debug,
  }));
  const findDetails = (wanted: DescMessage | Registry): Message[] => {
    const registry = wanted.kind === "message" ? createRegistry(wanted) : wanted;
    return known.flatMap((any) => decode(any, registry));
  };
  // Not enumerable, like the method that it takes the place of.
  Object.defineProperty(error, "findDetails", { value: findDetails });
}

function isJsonAny(json: JsonValue): json is JsonAny {
  return isJsonObject(json) && typeof json["@type"] === "string";
}

/** Leaves out what cannot be decoded, as Connect does. */
function decode(any: JsonAny, registry: Registry): Message[] {
  try {
    const message = anyUnpack(
      fromJson(AnySchema, any, { registry, ignoreUnknownFields: true }),
      registry,
    );
    return message ? [message] : [];
  } catch {
    return [];
  }
}
