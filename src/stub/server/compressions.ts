import { promisify } from "node:util";
import { deflate, gunzip, gzip, inflate } from "node:zlib";
import { Code, ConnectError } from "@connectrpc/connect";
import { systemErrorCode } from "../engine/refusals.js";

const compressGzip = promisify(gzip);
const compressDeflate = promisify(deflate);

/** One way to compress, as Connect takes it. */
interface Compression {
  readonly name: string;
  compress(bytes: Uint8Array): Promise<Uint8Array<ArrayBuffer>>;
  decompress(bytes: Uint8Array, readMaxBytes: number): Promise<Uint8Array<ArrayBuffer>>;
}

/** What a request may be compressed with: what every gRPC library has. Answers are not compressed. */
export const REQUEST_COMPRESSIONS: Compression[] = [
  {
    name: "gzip",
    compress: compressGzip,
    decompress: (bytes, most) => decompress(gunzip, bytes, most),
  },
  {
    name: "deflate",
    compress: compressDeflate,
    decompress: (bytes, most) => decompress(inflate, bytes, most),
  },
];

type Decompress = typeof gunzip;

/** Never more than `most` bytes: a kilobyte can stand for a megabyte. */
function decompress(
  method: Decompress,
  bytes: Uint8Array,
  most: number,
): Promise<Uint8Array<ArrayBuffer>> {
  if (bytes.length === 0) {
    return Promise.resolve(new Uint8Array(0));
  }
  return new Promise((resolve, reject) => {
    method(bytes, { maxOutputLength: most }, (error, result) => {
      if (error === null) {
        resolve(result);
      } else if (systemErrorCode(error) === "ERR_BUFFER_TOO_LARGE") {
        const message = `a message is larger than the ${most} bytes allowed when it is decompressed`;
        reject(new ConnectError(message, Code.ResourceExhausted));
      } else {
        const message = `the message cannot be decompressed: ${error.message}`;
        reject(new ConnectError(message, Code.InvalidArgument));
      }
    });
  });
}
