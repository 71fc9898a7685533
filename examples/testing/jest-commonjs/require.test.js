const { ProcessClient } = require("aiem-process-client");
const { startStubServer } = require("aiem-process-client/stub");

let stub;
let client;

beforeAll(async () => {
  stub = await startStubServer();
  client = new ProcessClient(stub.connection);
});
afterAll(async () => {
  client.close();
  await stub.close();
});

test("a process runs", async () => {
  const { stdout } = await client.runProcess(stub.parent, { command: "echo", args: ["hello"] });
  expect(stdout.bytes()).toEqual(new TextEncoder().encode("hello\n"));
});
