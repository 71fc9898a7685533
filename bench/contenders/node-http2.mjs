// @ts-check
// What Node.js allows: the same requests straight on node:http2, and nothing done with what comes
// but counting its bytes. The windows are this client's.
import { connect } from "node:http2";
import { toBinary } from "@bufbuild/protobuf";
import { GetProcessRequestSchema, ProcessService } from "aiem-process-client/gen";
import { inTurn } from "./contender.mjs";

const STREAM_WINDOW_BYTES = 1024 * 1024;
const HEAD_BYTES = 5;
const CONNECTION_WINDOW_BYTES = 16 * 1024 * 1024;

/**
 * @param {import("./contender.mjs").Target} target
 * @returns {import("./contender.mjs").Contender}
 */
export function open({ url, token, connections }) {
  const session = inTurn(connections, () => {
    const one = connect(url, {
      settings: { initialWindowSize: STREAM_WINDOW_BYTES, enablePush: false },
      maxSessionMemory: 10_000,
    });
    one.on("connect", () => one.setLocalWindowSize(CONNECTION_WINDOW_BYTES));
    one.on("error", () => {});
    return one;
  });
  /**
   * @param {string} method
   * @param {string} name
   * @param {Record<string, string>} more
   */
  const request = (method, name, more) => {
    const stream = session().request({
      ":method": "POST",
      ":path": `/${ProcessService.typeName}/${method}`,
      "content-type": "application/grpc",
      te: "trailers",
      authorization: `Bearer ${token}`,
      ...more,
    });
    stream.end(framed(name));
    return stream;
  };
  /** @param {string} method */
  const unary = (method) => (/** @type {string} */ name) =>
    new Promise((resolve, reject) => {
      const stream = request(method, name, { "grpc-timeout": "30000m" });
      /** @type {Buffer[]} */
      const parts = [];
      let status = "";
      stream.on("trailers", (trailers) => {
        status = String(trailers["grpc-status"]);
      });
      stream.on("data", (data) => parts.push(data));
      stream.on("error", reject);
      stream.on("close", () => {
        if (status === "0") {
          resolve(Buffer.concat(parts));
        } else {
          reject(new Error(`${method} ended with status '${status}'`));
        }
      });
    });
  return {
    bytes: (name) => request("StreamOutput", name, {}),
    get: unary("GetProcess"),
    wait: unary("WaitProcess"),
    async read(name) {
      const answer = await unary("ReadOutput")(name);
      if (!(answer instanceof Uint8Array)) {
        throw new TypeError("an answer is bytes");
      }
      // Before the bytes there are gRPC's head, the number of the one field, and its length, of which
      // each byte but the last has its high bit set.
      let start = HEAD_BYTES + 1;
      while ((answer[start] ?? 0) >= 128) {
        start += 1;
      }
      return answer.subarray(start + 1);
    },
    close() {
      for (let count = 0; count < connections; count += 1) {
        session().destroy();
      }
    },
  };
}

/**
 * All requests that are made have the name as their first field, and no other.
 *
 * @param {string} name
 */
function framed(name) {
  const message = toBinary(GetProcessRequestSchema, {
    $typeName: "ai.h2o.engine.sandbox.v1.GetProcessRequest",
    name,
  });
  const head = Buffer.alloc(5);
  head.writeUInt32BE(message.length, 1);
  return Buffer.concat([head, message]);
}
