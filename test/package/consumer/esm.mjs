import { ProcessClient } from "aiem-process-client";
import { ProcessService } from "aiem-process-client/gen";
import { startStubServer } from "aiem-process-client/stub";

const stub = await startStubServer();
const client = new ProcessClient(stub.connection);
try {
  const result = await client.runProcess(stub.parent, { command: "echo", args: ["hello"] });
  console.log(ProcessService.typeName, result.process.state, result.stdout.text().trim());
} finally {
  client.close();
  await stub.close();
}
