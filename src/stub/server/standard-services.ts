import type { DescService } from "@bufbuild/protobuf";
import type { FileDescriptorProto } from "@bufbuild/protobuf/wkt";
import type { ServiceImpl } from "@connectrpc/connect";
import { Health } from "../../../gen/grpc/health/v1/health_pb.js";
import { ServerReflection } from "../../../gen/grpc/reflection/v1/reflection_pb.js";
import { ServerReflection as ServerReflectionAlpha } from "../../../gen/grpc/reflection/v1alpha/reflection_pb.js";
import type { FaultRegistry } from "../faults/fault-registry.js";
import { injectHealthFaults, injectReflectionFaults } from "../faults/inject-faults.js";
import type { Links } from "../faults/network/links.js";
import { createHealthService } from "../service/create-health-service.js";
import { createReflectionService } from "../service/create-reflection-service.js";
import { DescriptorIndex, withImports } from "../service/descriptor-index.js";
import { MAX_WRITTEN_BYTES } from "../service/message-limits.js";
import type { ServingState } from "../service/serving-state.js";
import type { NodeHandler } from "./node-handler.js";
import { createServiceHandler } from "./rpc-handler.js";

const STANDARD_SERVICES: readonly DescService[] = [Health, ServerReflection, ServerReflectionAlpha];

// Anybody may call, and asks by names.
const LIMITS = { readMaxBytes: 64 * 1024, writeMaxBytes: MAX_WRITTEN_BYTES };

/**
 * Serves the services of gRPC's own, which tell what a server has and whether it serves, without a
 * token: grpc.health.v1.Health, and grpc.reflection's ServerReflection v1 and v1alpha.
 *
 * @param served the name of the service to tell of, besides these.
 * @param described the files that describe it.
 */
export function createStandardHandlers(
  served: string,
  described: Iterable<FileDescriptorProto>,
  state: ServingState,
  faults: FaultRegistry,
  links: Links,
): NodeHandler[] {
  const names = [served, ...STANDARD_SERVICES.map(({ typeName }) => typeName)].sort();
  const ofStandard = STANDARD_SERVICES.flatMap(({ file }) => withImports(file));
  const index = new DescriptorIndex([...described, ...ofStandard]);
  const health = injectHealthFaults(createHealthService(names, state), faults);
  const reflection = injectReflectionFaults(createReflectionService(names, index), faults);

  function serve<S extends DescService>(service: S, implementation: ServiceImpl<S>): NodeHandler {
    return createServiceHandler(service, implementation, LIMITS, links);
  }

  return [
    serve(Health, health),
    serve(ServerReflection, reflection),
    serve(ServerReflectionAlpha, reflection),
  ];
}
