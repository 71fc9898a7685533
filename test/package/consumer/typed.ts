import { type FinishedProcess, ProcessClient, type ProcessResult } from "aiem-process-client";
import { ProcessService } from "aiem-process-client/gen";
import { AiemInstrumentation } from "aiem-process-client/otel";
import { startStubServer } from "aiem-process-client/stub";

export async function run(): Promise<FinishedProcess> {
  const stub = await startStubServer();
  const client = new ProcessClient(stub.connection);
  const result: ProcessResult = await client.runProcess(stub.parent, { command: "true" });
  const exitCode: number | undefined = result.exitCode;
  for await (const chunk of client.streamOutput(result.process.name)) {
    const data: Uint8Array = chunk.data;
    process.stdout.write(data);
  }
  await stub.close();
  process.exitCode = exitCode ?? 0;
  return result.process;
}

export const method: string = ProcessService.method.createProcess.name;
// @ts-expect-error a specification without a command is refused by the compiler
export const refused = (client: ProcessClient) => client.createProcess("", {});

const instrumentation: Disposable = new AiemInstrumentation({ attempts: true, enabled: false });
instrumentation[Symbol.dispose]();
