// @ts-check
// AIEM's REST by hand, straight on node:http.
import { once } from "node:events";
import { createServer } from "node:http";
import { outputPiece, processAnswer, readAnswer } from "./answers.mjs";
import { endlessly } from "./endlessly.mjs";

export async function startHttp1Server() {
  const server = createServer((request, response) => {
    response.on("error", () => {});
    request.resume();
    const [, id = "", verb = ""] =
      /\/processes\/([\w-]+)(?::(\w+))?/.exec(decodeURIComponent(request.url ?? "")) ?? [];
    const size = Number(id.split("-")[1]);
    // As grpc-gateway writes it: without that, an answer may come from something on the way.
    const headers = {
      "content-type": "application/json",
      "grpc-metadata-content-type": "application/grpc",
    };
    if (verb === "streamOutput") {
      response.writeHead(200, headers);
      endlessly(response, outputPiece("json", size));
      return;
    }
    const { json } = verb === "readOutput" ? readAnswer(size) : processAnswer(id);
    response.writeHead(200, { ...headers, "content-length": json.length });
    response.end(json);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return server;
}
