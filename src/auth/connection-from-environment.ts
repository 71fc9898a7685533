import { checkAiemUrl } from "../rules/aiem-url.js";
import type { ConnectionConfig } from "../transport/connection-config.js";
import { contractOfEnvironment } from "./contract-file.js";
import { environmentVariable, settingError } from "./settings.js";

/**
 * The connection that the environment variables `AIEM_URL` and `AIEM_TOKEN` name: an address and a
 * bearer token that stays. Without `AIEM_TOKEN` there is no token provider. `AIEM_CONTRACT` may name a
 * file with the server's `FileDescriptorSet`, for the option `contract`.
 *
 * @throws ConnectError FailedPrecondition if `AIEM_URL` is not set or no address, or if the file of
 *   `AIEM_CONTRACT` cannot be used.
 */
export function connectionFromEnvironment(): ConnectionConfig {
  const aiemUrl = environmentVariable("AIEM_URL");
  if (aiemUrl === undefined) {
    throw settingError(
      "the environment variable AIEM_URL is not set; set it to the address of AIEM, such as https://aiem.example.com, and AIEM_TOKEN to a bearer token",
    );
  }
  const rule = checkAiemUrl(aiemUrl);
  if (rule !== undefined) {
    throw settingError(`the environment variable AIEM_URL ${rule}`);
  }
  const token = environmentVariable("AIEM_TOKEN");
  return {
    aiemUrl,
    ...(token !== undefined && { tokenProvider: token }),
    ...contractOfEnvironment(),
  };
}
