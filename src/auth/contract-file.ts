import { readFileSync } from "node:fs";
import { contractOfSet } from "../contract/contract.js";
import { fileReason } from "../errors/node-error-code.js";
import type { ConnectionConfig } from "../transport/connection-config.js";
import { environmentVariable, settingError } from "./settings.js";

const VARIABLE = "AIEM_CONTRACT";

/**
 * The server's contract, where the environment variable `AIEM_CONTRACT` names a file with its
 * `FileDescriptorSet`; nothing where it is not set.
 *
 * @throws ConnectError FailedPrecondition if the file cannot be read, or does not have the service.
 */
export function contractOfEnvironment(): Pick<ConnectionConfig, "contract"> {
  const path = environmentVariable(VARIABLE);
  if (path === undefined) {
    return {};
  }
  let bytes: Uint8Array;
  try {
    bytes = new Uint8Array(readFileSync(path));
  } catch (error) {
    throw settingError(
      `the file ${path} that ${VARIABLE} names cannot be read (${fileReason(error)})`,
    );
  }
  try {
    contractOfSet(bytes);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw settingError(`the file ${path} that ${VARIABLE} names cannot be used: it ${why}`);
  }
  return { contract: bytes };
}
