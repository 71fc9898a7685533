import {
  create,
  type DescMessage,
  type MessageInitShape,
  type MessageShape,
} from "@bufbuild/protobuf";
import type { HandlerContext, ServiceImpl } from "@connectrpc/connect";
import { ProcessService } from "../../../gen/ai/h2o/engine/sandbox/v1/process_service_pb.js";
import type { Contract } from "../../contract/contract.js";

type Handle<Request, Response> = (request: Request, context: HandlerContext) => Response;

/**
 * The ProcessService for who speaks it by this contract: messages come and go with its enum values.
 */
export function serviceInContract(
  service: ServiceImpl<typeof ProcessService>,
  contract: Contract,
): ServiceImpl<typeof ProcessService> {
  function unary<I extends DescMessage, O extends DescMessage>(
    { input, output }: { readonly input: I; readonly output: O },
    handle: Handle<MessageShape<I>, Promise<MessageInitShape<O>> | MessageInitShape<O>>,
  ): Handle<MessageShape<I>, Promise<MessageShape<O>>> {
    return async (request, context) => {
      const answer = await handle(contract.toOurs(input, request), context);
      return contract.toTheirs(output, create(output, answer));
    };
  }

  const { method } = ProcessService;
  return {
    createProcess: unary(method.createProcess, service.createProcess),
    startProcess: unary(method.startProcess, service.startProcess),
    getProcess: unary(method.getProcess, service.getProcess),
    listProcesses: unary(method.listProcesses, service.listProcesses),
    sendSignal: unary(method.sendSignal, service.sendSignal),
    waitProcess: unary(method.waitProcess, service.waitProcess),
    readOutput: unary(method.readOutput, service.readOutput),
    readOutputFrames: unary(method.readOutputFrames, service.readOutputFrames),
    async *streamOutput(request, context) {
      const { input, output } = method.streamOutput;
      for await (const chunk of service.streamOutput(contract.toOurs(input, request), context)) {
        yield contract.toTheirs(output, create(output, chunk));
      }
    },
  };
}
