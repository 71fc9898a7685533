import { once } from "node:events";
import { connect, createServer } from "node:net";
import { expect, test } from "vitest";
import { parseAiemUrl } from "../../../src/transport/aiem-url.js";
import { openSocket } from "../../../src/transport/socket/open-socket.js";
import { closing } from "../support/cleanup.js";
import { listen } from "../support/listen.js";

test.each(["http://aiem.test", "https://aiem.test"])(
  "a tunnel to %s that nobody wants any more is closed",
  async (url) => {
    const { port } = closing(await listen(createServer()));
    const tunnel = connect(port, "127.0.0.1");
    await once(tunnel, "connect");
    const opened = openSocket(parseAiemUrl(url), {
      tunnel,
      verifySsl: true,
      alpn: "http/1.1",
      signal: AbortSignal.abort("enough"),
    });
    await expect(opened).rejects.toBe("enough");
    expect(tunnel.destroyed).toBe(true);
  },
);
