import type { DescField, DescMessage } from "@bufbuild/protobuf";
import { type ReflectMessage, reflect } from "@bufbuild/protobuf/reflect";

/** The fields that lead from a message to a value in it. All but the last are singular messages. */
export interface FieldPath {
  readonly parents: readonly MessageField[];
  readonly leaf: DescField;
}

/** A field that holds one message. */
export type MessageField = DescField & { readonly fieldKind: "message" };

/**
 * Follows names, separated by dots, from a message. Each name is one of the proto file or one of
 * JSON. Undefined where there is no such field.
 */
export function resolveFieldPath(message: DescMessage, names: string): FieldPath | undefined {
  const parents: MessageField[] = [];
  let field: DescField | undefined;
  let scope: DescMessage | undefined = message;
  for (const name of names.split(".")) {
    if (field?.fieldKind === "message") {
      parents.push(field);
    }
    field = scope && fieldByName(scope, name);
    if (field === undefined) {
      return undefined;
    }
    scope = field.fieldKind === "message" ? field.message : undefined;
  }
  return field && { parents, leaf: field };
}

/** The path in the names of the proto file, by which paths are compared. */
export function protoPath({ parents, leaf }: FieldPath): string {
  return [...parents, leaf].map(({ name }) => name).join(".");
}

/** The path in the names of JSON. */
export function jsonPath({ parents, leaf }: FieldPath): string {
  return [...parents, leaf].map(({ jsonName }) => jsonName).join(".");
}

/** The message that holds the path's last field; undefined where one on the way is unset. */
export function findParent(
  root: ReflectMessage,
  { parents }: FieldPath,
): ReflectMessage | undefined {
  let message = root;
  for (const field of parents) {
    if (!message.isSet(field)) {
      return undefined;
    }
    message = message.get(field);
  }
  return message;
}

/** The message that holds the path's last field; those on the way are set where they are unset. */
export function ensureParent(root: ReflectMessage, { parents }: FieldPath): ReflectMessage {
  let message = root;
  for (const field of parents) {
    if (!message.isSet(field)) {
      message.set(field, reflect(field.message));
    }
    message = message.get(field);
  }
  return message;
}

function fieldByName(message: DescMessage, name: string): DescField | undefined {
  return (
    message.fields.find((field) => field.name === name) ??
    message.fields.find((field) => field.jsonName === name)
  );
}
