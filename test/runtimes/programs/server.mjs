/**
 * A stub for `client.mjs`, which runs in another program. Says where it is in one line of JSON, and
 * ends when its standard input does.
 *
 * Usage: server.mjs JSON, with `tls`, and `runs`, the names of the runs of `client.mjs`.
 */
import { once } from "node:events";
import { startStubServer } from "aiem-process-client/stub";

const { tls, runs } = JSON.parse(process.argv[2] ?? "");
const stub = await startStubServer();
const secure = await startStubServer({ tls, users: { [stub.token]: "users/first" } });
for (const { faults, parent } of [stub, secure]) {
  for (const run of runs) {
    faults.add({
      method: "StreamOutput",
      process: `${parent}/processes/cut-${run}`,
      fault: "reset",
      at: { bytes: 1_000_000 },
    });
    faults.add({
      method: "CreateProcess",
      process: `${parent}/processes/lost-${run}`,
      fault: "drop",
    });
    faults.add({
      method: "SendSignal",
      process: `${parent}/processes/signalled-${run}`,
      fault: "drop",
    });
  }
}
const { token, parent } = stub;
console.log(JSON.stringify({ url: stub.url, secureUrl: secure.url, token, parent }));
process.stdin.resume();
await once(process.stdin, "end");
await stub.close();
await secure.close();
