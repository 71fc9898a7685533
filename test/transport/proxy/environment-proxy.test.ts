import { expect, test } from "vitest";
import { parseAiemUrl } from "../../../src/transport/aiem-url.js";
import { environmentProxy } from "../../../src/transport/proxy/environment-proxy.js";

function proxyOf(url: string, environment: Record<string, string>): string | undefined {
  const proxy = environmentProxy(parseAiemUrl(url), environment);
  return proxy && `${proxy.variable} ${proxy.url?.href}`;
}

const HTTPS = "https://aiem.example.com";

test.each([
  [HTTPS, { https_proxy: "http://p:3128" }, "https_proxy http://p:3128/"],
  [HTTPS, { HTTPS_PROXY: "https://p" }, "HTTPS_PROXY https://p/"],
  [HTTPS, { https_proxy: "http://a", HTTPS_PROXY: "http://b" }, "https_proxy http://a/"],
  [HTTPS, { https_proxy: "", HTTPS_PROXY: "http://b" }, "HTTPS_PROXY http://b/"],
  [HTTPS, { HTTPS_PROXY: "p:3128" }, "HTTPS_PROXY http://p:3128/"],
  [HTTPS, { HTTP_PROXY: "http://p" }, undefined],
  ["http://aiem.example.com", { HTTP_PROXY: "http://p" }, "HTTP_PROXY http://p/"],
  ["http://aiem.example.com", { HTTPS_PROXY: "http://p" }, undefined],
  [HTTPS, {}, undefined],
])("%s with %j goes through %s", (url, environment, expected) => {
  expect(proxyOf(url, environment)).toBe(expected);
});

test.each(["https://localhost:1", "https://127.0.0.1", "https://[::1]:443"])(
  "%s is this machine, and reached directly",
  (url) => {
    expect(proxyOf(url, { HTTPS_PROXY: "http://p" })).toBeUndefined();
  },
);

test.each([
  ["*", true],
  ["aiem.example.com", true],
  ["AIEM.Example.com", true],
  ["example.com", true],
  [".example.com", true],
  ["*.example.com", true],
  ["a.b, ,example.com:443 c.d", true],
  ["aiem.example.com:8443", false],
  ["ample.com", false],
  ["com.example", false],
  ["other.example.com", false],
  ["", false],
])("no_proxy %j exempts: %s", (list, exempt) => {
  const environment = { HTTPS_PROXY: "http://p", no_proxy: list };
  expect(proxyOf(HTTPS, environment) === undefined).toBe(exempt);
  const upper = { HTTPS_PROXY: "http://p", NO_PROXY: list };
  expect(proxyOf(HTTPS, upper) === undefined).toBe(exempt);
});

test.each([
  ["https://[fd00::1]:8443", "[fd00::1]:8443", true],
  ["https://[fd00::1]:8443", "[fd00::1]", true],
  ["https://[fd00::1]:8443", "fd00::1", true],
  ["https://[fd00::1]:8443", "[fd00::1]:443", false],
  ["https://10.1.2.3", "10.1.2.3", true],
  ["https://10.1.2.3", "10.1.2.30", false],
  ["https://10.1.2.3", "10.0.0.0/8", true],
  ["https://10.1.2.3", "a.b, 10.1.2.0/24", true],
  ["https://10.1.3.3", "10.1.2.0/24", false],
  ["https://11.1.2.3", "10.0.0.0/8", false],
  ["https://10.1.2.3", "10.0.0.0/33", false],
  ["https://10.1.2.3", "10.0.0/8", false],
  ["https://10.1.2.3", "0.0.0.0/0", true],
  ["https://[fd12::1]", "fd00::/8", true],
  ["https://[fe80::1]", "fd00::/8", false],
  ["https://[fd00::1]", "10.0.0.0/8", false],
  ["https://[fd00::1]", "fd00:0:0::1", true],
  ["https://ten.example.com", "10.0.0.0/8", false],
  ["https://eng.svc.cluster.local.", "cluster.local", true],
  ["https://eng.svc.cluster.local", ".cluster.local.", true],
  ["https://aiem.m\u00fcnchen.example", "m\u00fcnchen.example", true],
  ["https://aiem.xn--mnchen-3ya.example", "*.M\u00dcNCHEN.example", true],
  ["https://aiem.m\u00fcnchen.example", "xn--mnchen-3ya.example", true],
])("%s with no_proxy %j is exempt: %s", (url, list, exempt) => {
  expect(proxyOf(url, { HTTPS_PROXY: "http://p", NO_PROXY: list }) === undefined).toBe(exempt);
});

test("HTTP_PROXY is no setting where it may be a header of a request (CGI)", () => {
  const url = "http://aiem.example.com";
  const cgi = { REQUEST_METHOD: "GET" };
  expect(proxyOf(url, { ...cgi, HTTP_PROXY: "http://evil" })).toBeUndefined();
  expect(proxyOf(url, { ...cgi, http_proxy: "http://p" })).toBe("http_proxy http://p/");
  expect(proxyOf(HTTPS, { ...cgi, HTTPS_PROXY: "http://p" })).toBe("HTTPS_PROXY http://p/");
});

test.each(["socks5://p:1080", "http://", "ht!tp://x", "http://[x"])(
  "%s is no proxy that can be used",
  (text) => {
    expect(proxyOf(HTTPS, { HTTPS_PROXY: text })).toBe("HTTPS_PROXY undefined");
  },
);
