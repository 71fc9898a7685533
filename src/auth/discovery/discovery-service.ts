import { Code, ConnectError } from "@connectrpc/connect";
import {
  type AuthHttpOptions,
  isJsonObject,
  type JsonObject,
  readJsonObject,
  send,
} from "../http/send.js";
import { untilAnswered } from "../http/until-answered.js";
import { settingError } from "../settings.js";
import type { DiscoveryAddress } from "./discovery-address.js";

// Far above what an environment lists; ends a service that always has another page.
const MAX_PAGES = 1_000;

/** The discovery service of an H2O environment. Its answers are public. */
export class DiscoveryService {
  /** How messages name it: what it is, its address, and who named that. */
  readonly shown: string;
  readonly #address: DiscoveryAddress;
  readonly #http: AuthHttpOptions;
  readonly #signal: AbortSignal;

  constructor(address: DiscoveryAddress, http: AuthHttpOptions, signal: AbortSignal) {
    this.shown = `the discovery service ${address.url} (from ${address.source})`;
    this.#address = address;
    this.#http = http;
    this.#signal = signal;
  }

  /** The description of the environment. */
  async environment(): Promise<JsonObject> {
    const { environment } = await this.#get("v1/environment");
    return isJsonObject(environment) ? environment : this.#nonsense("environment");
  }

  /** The entry of that name, looked for page by page; undefined if it is not listed. */
  async entry(collection: "services" | "clients", name: string): Promise<JsonObject | undefined> {
    for await (const entries of this.#pages(collection)) {
      const entry = entries.find((each) => isJsonObject(each) && each["name"] === name);
      if (isJsonObject(entry)) {
        return entry;
      }
    }
    return undefined;
  }

  /**
   * A text that an answer must have.
   *
   * @throws ConnectError Internal if it has none.
   */
  text(object: JsonObject, key: string): string {
    const value = object[key];
    return typeof value === "string" && value !== "" ? value : this.#nonsense(key);
  }

  async *#pages(collection: string): AsyncGenerator<readonly unknown[]> {
    const seen = new Set<string>();
    let pageToken = "";
    do {
      seen.add(pageToken);
      const page = await this.#get(`v1/${collection}`, pageToken);
      const entries = page[collection] ?? [];
      yield Array.isArray(entries) ? entries : this.#nonsense(collection);
      const next = page["nextPageToken"] ?? "";
      pageToken = typeof next === "string" ? next : this.#nonsense("nextPageToken");
      if (pageToken !== "" && (seen.has(pageToken) || seen.size === MAX_PAGES)) {
        const text = `${this.shown} lists ${collection} without an end: a page comes again, or there are more than ${MAX_PAGES}`;
        throw new ConnectError(text, Code.Internal);
      }
    } while (pageToken !== "");
  }

  async #get(path: string, pageToken = ""): Promise<JsonObject> {
    const url = new URL(`${this.#address.url}/${path}`);
    if (pageToken !== "") {
      url.searchParams.set("pageToken", pageToken);
    }
    const { source } = this.#address;
    const request = {
      subject: `the discovery service (from ${source})`,
      url,
      method: "GET",
    } as const;
    const { status, text, place } = await untilAnswered(
      (signal) => send(request, this.#http, signal),
      this.#signal,
    );
    if (status !== 200) {
      throw settingError(
        `${place} answered HTTP ${status}; check the address, and that the environment has a discovery service`,
      );
    }
    return readJsonObject(text) ?? this.#nonsense("JSON object");
  }

  #nonsense(missing: string): never {
    throw new ConnectError(
      `${this.shown} gave an answer without a usable ${missing}; check the address, and that it is an H2O discovery service`,
      Code.Internal,
    );
  }
}
