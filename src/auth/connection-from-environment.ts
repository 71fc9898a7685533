import { checkAiemUrl } from "../rules/aiem-url.js";
import type { ConnectionConfig } from "../transport/connection-config.js";
import { environmentVariable, settingError } from "./settings.js";

/**
 * The connection that the environment variables `AIEM_URL` and `AIEM_TOKEN` name: an address and a
 * bearer token that stays. Without `AIEM_TOKEN` there is no token provider.
 *
 * @throws ConnectError FailedPrecondition if `AIEM_URL` is not set or no address.
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
  return token === undefined ? { aiemUrl } : { aiemUrl, tokenProvider: token };
}
