import type { Readable, Writable } from "node:stream";
import {
  create,
  type DescMessage,
  fromBinary,
  type MessageInitShape,
  type MessageShape,
  toBinary,
} from "@bufbuild/protobuf";

const PREFIX_BYTES = 4;

/** Reads messages, each behind its size as four bytes, until the stream ends. */
export async function* readDelimited<T extends DescMessage>(
  schema: T,
  stream: Readable,
): AsyncGenerator<MessageShape<T>> {
  let read: Buffer = Buffer.alloc(0);
  for await (const chunk of stream) {
    read = Buffer.concat([read, chunk]);
    while (read.length >= PREFIX_BYTES) {
      const end = PREFIX_BYTES + read.readUInt32BE();
      if (read.length < end) {
        break;
      }
      yield fromBinary(schema, read.subarray(PREFIX_BYTES, end));
      read = read.subarray(end);
    }
  }
}

/** Writes a message behind its size. Writes of several calls do not mix. */
export function writeDelimited<T extends DescMessage>(
  schema: T,
  stream: Writable,
  init: MessageInitShape<T>,
): void {
  const message = toBinary(schema, create(schema, init));
  const prefix = Buffer.alloc(PREFIX_BYTES);
  prefix.writeUInt32BE(message.length);
  stream.write(Buffer.concat([prefix, message]));
}
