/** Generates the OpenAPI document, which needs Go 1.26, unlike all else that is generated. */
import { writeFileSync } from "node:fs";
import { openApi } from "./openapi.mjs";

writeFileSync(new URL("../../proto/openapi.json", import.meta.url), openApi());
