/** Where the values of secret environment variables come from. */
export interface Secrets {
  /**
   * The value of a version, named `workspaces/{w}/secrets/{s}/versions/{v}` with `latest` as a
   * possible version; undefined where there is none.
   */
  read(versionName: string): string | undefined;
}

const VERSION_NAME =
  /^(?<secret>workspaces\/[^/\0]+\/secrets\/[^/\0]+)\/versions\/(?<version>[^/\0]+)$/;

/** Whether this is the resource name of a secret's version. */
export function isSecretVersionName(name: string): boolean {
  return VERSION_NAME.test(name);
}

/** Secrets held in memory. */
export class StoredSecrets implements Secrets {
  readonly #values = new Map<string, string>();

  /**
   * @param values the value of each version, by its resource name, oldest first: `latest` is the
   * last one of its secret.
   * @throws {TypeError} on a bad name, on `latest` as a name, and on a value with a NUL byte.
   */
  constructor(values: Readonly<Record<string, string>>) {
    for (const [name, value] of Object.entries(values)) {
      const { secret, version } = VERSION_NAME.exec(name)?.groups ?? {};
      if (secret === undefined || version === "latest") {
        throw new TypeError(
          `secret ${JSON.stringify(name)} must be named workspaces/{workspace}/secrets/{secret}/versions/{secret_version}, with a version of its own instead of "latest"`,
        );
      }
      if (value.includes("\0")) {
        throw new TypeError(`the value of secret ${name} holds a NUL byte, which no variable can`);
      }
      this.#values.set(name, value);
      this.#values.set(`${secret}/versions/latest`, value);
    }
  }

  read(versionName: string): string | undefined {
    return this.#values.get(versionName);
  }
}
