/** One stub for the run, in the process that starts the workers, which get its environment. */
module.exports = async () => {
  const { startStubServer } = await import("aiem-process-client/stub");
  const stub = await startStubServer({ control: true });
  globalThis.stub = stub;
  process.env.AIEM_URL = stub.url;
  process.env.AIEM_TOKEN = stub.token;
  process.env.AIEM_CONTROL_URL = stub.control.url;
  process.env.AIEM_CONTROL_TOKEN = stub.control.token;
};
