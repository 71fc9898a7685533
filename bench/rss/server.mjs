// @ts-check
// The program that is measured as the server: the embedded engine.
import { startStubServer } from "aiem-process-client/stub";

const stub = await startStubServer();
process.send?.({ connection: stub.connection, parent: stub.parent });
process.on("disconnect", () => stub.close());
