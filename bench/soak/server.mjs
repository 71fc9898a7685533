// @ts-check
// The embedded engine as a program of its own, which tells what it holds.
import { startStubServer } from "aiem-process-client/stub";
import { held } from "./held.mjs";

const stub = await startStubServer();
process.send?.({ connection: stub.connection, parent: stub.parent });
process.on("message", async () => process.send?.(await held()));
process.on("disconnect", () => stub.close());
