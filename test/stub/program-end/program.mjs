// Starts a stub and processes in it, in this thread or in a worker, tells what there is, and waits to
// be ended. Its arguments: the bundle of the stub, "thread" or "main", and the engine's processes, as
// JSON.
import { isMainThread, parentPort, Worker, workerData } from "node:worker_threads";

if (isMainThread && process.argv[3] === "thread") {
  const worker = new Worker(new URL(import.meta.url), { workerData: process.argv });
  worker.on("message", (message) => process.send?.(message));
  process.on("message", () => void worker.terminate());
  setInterval(() => {}, 60_000);
} else {
  const [, , bundle, , commands] = isMainThread ? process.argv : workerData;
  const { createStubTransport, createClient, ProcessService } = await import(bundle);
  const stub = createStubTransport();
  const client = createClient(ProcessService, stub.transport);
  /** @type {string[]} */
  const printed = [];
  for (const [command, ...args] of JSON.parse(commands)) {
    const request = { parent: stub.parent, process: { command, args }, autoRun: true };
    const { process: started } = await client.createProcess(request);
    for await (const { data } of client.streamOutput({ name: started.name })) {
      printed.push(Buffer.from(data).toString());
      if (printed.join("").endsWith("ready\n")) {
        break;
      }
    }
  }
  const { rootDirectory } = stub.engines.get(stub.parent);
  const message = { rootDirectory, printed: printed.join("") };
  if (isMainThread) {
    process.send?.(message);
    process.on("message", () => process.exit());
  } else {
    parentPort?.postMessage(message);
  }
}
