import { networkInterfaces } from "node:os";
import { describe, expect, it } from "vitest";
import { ProcessClient } from "../../../src/index.js";
import { startStubServer } from "../../../src/stub/index.js";
import { closing } from "../../transport/support/cleanup.js";

const users = { "my-token": "users/me" };
const hasIpv6 = Object.values(networkInterfaces())
  .flat()
  .some((one) => one?.address === "::1");

describe("the option host", () => {
  it.each(["127.0.0.1", "127.0.0.2", "localhost", ...(hasIpv6 ? ["::1"] : [])])(
    "listens on %s, and the URL reaches it",
    async (host) => {
      const stub = closing(await startStubServer({ host }));
      expect(new URL(stub.url).hostname).toBe(host === "::1" ? "[::1]" : host);
      const client = new ProcessClient(stub.connection);
      closing({ close: async () => client.close() });
      await expect(client.listProcesses(stub.parent)).resolves.toMatchObject({ processes: [] });
    },
  );

  it("listens on every interface as 0.0.0.0, and the URL is one that this machine can call", async () => {
    const stub = closing(await startStubServer({ host: "0.0.0.0", users }));
    expect(stub.url).toBe(`http://127.0.0.1:${stub.port}`);
    const other = await fetch(`http://127.0.0.3:${stub.port}/version`);
    expect(other.status).toBe(200);
  });

  it.each(["0.0.0.0", "::", "192.0.2.1", "example.com"])(
    "refuses %s without users of one's own, before anything is listened to",
    async (host) => {
      const starting = startStubServer({ host });
      await expect(starting).rejects.toThrow(TypeError);
      await expect(starting).rejects.toThrow(/^host: beyond the loopback interface, give users/);
    },
  );

  it.each(["", "a b", "127.0.0.1:80", "http://127.0.0.1", "[::1]", "user@host", "a/b", 5, null])(
    "refuses %j, which nothing can listen on",
    async (host) => {
      const options: { host: string } = JSON.parse(JSON.stringify({ host }));
      const starting = startStubServer({ ...options, users });
      await expect(starting).rejects.toThrow(/^host: must be an IP address or a host name/);
    },
  );

  it("tells that an address is none of this machine's", async () => {
    const starting = startStubServer({ host: "192.0.2.1", users });
    await expect(starting).rejects.toMatchObject({ code: "EADDRNOTAVAIL" });
  });
});
