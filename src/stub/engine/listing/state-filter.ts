import { Process_State } from "../../../../gen/ai/h2o/engine/sandbox/v1/process_pb.js";
import { invalidArgument } from "../refusals.js";

const FILTERS: ReadonlyMap<string, Process_State> = new Map([
  ["state = STATE_PENDING", Process_State.PENDING],
  ["state = STATE_RUNNING", Process_State.RUNNING],
  ["state = STATE_SUCCEEDED", Process_State.SUCCEEDED],
  ["state = STATE_FAILED", Process_State.FAILED],
]);

/**
 * The state that a filter asks for; undefined where it is empty and asks for all.
 * @throws {ConnectError} INVALID_ARGUMENT on any other filter.
 */
export function parseStateFilter(filter: string): Process_State | undefined {
  if (filter === "") return undefined;
  const state = FILTERS.get(filter);
  if (state === undefined) {
    throw invalidArgument(
      `filter ${JSON.stringify(filter)} is not supported: use one of ${[...FILTERS.keys()].join(", ")}`,
    );
  }
  return state;
}
