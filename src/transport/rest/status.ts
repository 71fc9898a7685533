import {
  createRegistry,
  type DescMessage,
  fromJson,
  type JsonObject,
  type JsonValue,
  type Message,
  type MessageShape,
  type Registry,
} from "@bufbuild/protobuf";
import { AnySchema, anyUnpack } from "@bufbuild/protobuf/wkt";
import { Code } from "@connectrpc/connect";
import type { Failure } from "../../errors/outcome.js";
import { isJsonObject } from "../../rest-rules/json.js";
import { answeredWith } from "../failures.js";

/** A google.protobuf.Any in JSON. */
type JsonAny = JsonObject & { readonly "@type": string };

// The bytes are not known without the schema. These are no message's, so that a copy of the details
// is not taken for empty messages.
const NO_MESSAGE = Uint8Array.of(0);

/**
 * Reads an error of grpc-gateway: the JSON of a google.rpc.Status, by itself or as the field
 * `error`, as it is in streams.
 *
 * @returns undefined if the JSON is something else.
 */
export function readStatus(json: JsonValue | undefined, metadata: Headers): Failure | undefined {
  const status = isJsonObject(json) && isJsonObject(json["error"]) ? json["error"] : json;
  if (!isJsonObject(status)) {
    return undefined;
  }
  const { code, message = "", details } = status;
  if (typeof code !== "number" || !isErrorCode(code) || typeof message !== "string") {
    return undefined;
  }
  const known = Array.isArray(details) ? details.filter(isJsonAny) : [];
  return {
    ...answeredWith(code, message, metadata),
    protocol: "spoken",
    // Those who have the schema find messages by `findDetails`; all others see the JSON.
    details: known.map(({ "@type": url, ...debug }) => ({
      type: url.slice(url.lastIndexOf("/") + 1),
      value: NO_MESSAGE,
      debug,
    })),
    findDetails: detailsFinder(known),
  };
}

// Not 0, OK: there is an error. Other APIs give HTTP's status as `code`.
function isErrorCode(code: number): code is Code {
  return Code[code] !== undefined;
}

function isJsonAny(json: JsonValue): json is JsonAny {
  return isJsonObject(json) && typeof json["@type"] === "string";
}

function detailsFinder(details: readonly JsonAny[]) {
  function findDetails<Desc extends DescMessage>(desc: Desc): MessageShape<Desc>[];
  function findDetails(registry: Registry): Message[];
  function findDetails(wanted: DescMessage | Registry): Message[] {
    const registry = wanted.kind === "message" ? createRegistry(wanted) : wanted;
    return details.flatMap((any) => decode(any, registry));
  }
  return findDetails;
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
