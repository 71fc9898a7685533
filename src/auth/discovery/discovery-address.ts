import { InvalidInputError } from "../../errors/invalid-input-error.js";
import type { CliConfig } from "../cli-config.js";
import { readEndpointUrl, withoutSlash } from "../http/endpoint-url.js";
import { environmentVariable, settingError } from "../settings.js";

/** Where the discovery service is, and who says so. */
export interface DiscoveryAddress {
  /** Without a slash at the end. */
  readonly url: string;
  /** What named the address, for messages. */
  readonly source: string;
}

/** What a program can give itself. */
export interface GivenAddress {
  readonly environment?: string | undefined;
  readonly discoveryAddress?: string | undefined;
}

interface Candidate {
  readonly value: string | undefined;
  readonly source: string;
  readonly kind: "discovery" | "environment";
  readonly option?: keyof GivenAddress;
}

const WELL_KNOWN = ".ai.h2o.cloud.discovery";

/**
 * Finds the discovery service in the order that H2O documents: the address given,
 * `H2O_CLOUD_DISCOVERY`, the environment given, `H2O_CLOUD_ENVIRONMENT`, `Endpoint` of the CLI's
 * configuration. The first that is set decides, even if it cannot be used.
 *
 * @throws InvalidInputError for an option that is no address; ConnectError FailedPrecondition for
 *   a setting that is none, and if nothing is set.
 */
export function findDiscoveryAddress(given: GivenAddress, config: CliConfig): DiscoveryAddress {
  const candidates = candidatesOf(given, config);
  const chosen = candidates.find(({ value }) => value !== undefined);
  if (chosen === undefined) {
    const sources = candidates.map(({ source }) => source).join(", ");
    const state = config.found ? "" : " (there is no such file)";
    throw settingError(
      `the H2O environment is not known: none of these is set: ${sources}${state}; set H2O_CLOUD_ENVIRONMENT to the address of the environment, such as https://cloud.example.com, or give it as the option environment`,
    );
  }
  const url = readEndpointUrl(chosen.value, { query: false });
  if (typeof url === "string") {
    throw chosen.option === undefined
      ? settingError(`${chosen.source} ${url}`)
      : new InvalidInputError(chosen.option, url);
  }
  const base = withoutSlash(url.href);
  return {
    url: chosen.kind === "environment" ? `${base}/${WELL_KNOWN}` : base,
    source: chosen.source,
  };
}

function candidatesOf(given: GivenAddress, config: CliConfig): readonly Candidate[] {
  return [
    {
      value: given.discoveryAddress,
      source: "the option discoveryAddress",
      kind: "discovery",
      option: "discoveryAddress",
    },
    fromVariable("H2O_CLOUD_DISCOVERY", "discovery"),
    {
      value: given.environment,
      source: "the option environment",
      kind: "environment",
      option: "environment",
    },
    fromVariable("H2O_CLOUD_ENVIRONMENT", "environment"),
    { value: config.endpoint, source: `Endpoint in ${config.shown}`, kind: "environment" },
  ];
}

function fromVariable(name: string, kind: Candidate["kind"]): Candidate {
  return { value: environmentVariable(name), source: `the environment variable ${name}`, kind };
}
