import { describe, expect, test } from "vitest";
import { checkAiemUrl } from "../../src/rules/aiem-url.js";
import { parseAiemUrl } from "../../src/transport/aiem-url.js";

describe("checkAiemUrl", () => {
  test.each([
    "https://aiem.example.com",
    "https://aiem.example.com/",
    "http://localhost:8080/a/prefix",
    "http://[::1]:1234",
  ])("accepts %s", (url) => {
    expect(checkAiemUrl(url)).toBeUndefined();
  });

  test.each([
    ["", "must be an absolute http or https URL"],
    ["aiem.example.com", "must be an absolute http or https URL"],
    ["ftp://aiem.example.com", "must be an absolute http or https URL"],
    ["https://", "must be an absolute http or https URL"],
    ["https://user:secret@host", "must not hold a user name or a password; use tokenProvider"],
    ["https://token@host", "must not hold a user name or a password; use tokenProvider"],
    ["https://host/?a=b", "must not hold a query or a fragment"],
    ["https://host?", "must not hold a query or a fragment"],
    ["https://host/#a", "must not hold a query or a fragment"],
  ])("refuses '%s'", (url, rule) => {
    expect(checkAiemUrl(url)).toBe(rule);
  });
});

describe("parseAiemUrl", () => {
  test("finds host, port and prefix", () => {
    expect(parseAiemUrl("https://Aiem.example.com/a/b//")).toEqual({
      origin: "https://aiem.example.com",
      baseUrl: "https://aiem.example.com/a/b",
      authority: "aiem.example.com",
      pathPrefix: "/a/b",
      host: "aiem.example.com",
      lookupHost: "aiem.example.com",
      port: 443,
      secure: true,
      loopback: false,
    });
    expect(parseAiemUrl("http://[::1]:81")).toMatchObject({
      authority: "[::1]:81",
      host: "::1",
      port: 81,
    });
    expect(parseAiemUrl("http://host").port).toBe(80);
  });

  test("keeps the dot at the end of a name for its lookup only", () => {
    expect(parseAiemUrl("https://eng.svc.cluster.local.:8443/a")).toMatchObject({
      origin: "https://eng.svc.cluster.local:8443",
      baseUrl: "https://eng.svc.cluster.local:8443/a",
      authority: "eng.svc.cluster.local:8443",
      host: "eng.svc.cluster.local",
      lookupHost: "eng.svc.cluster.local.",
    });
  });

  test.each([
    ["http://localhost", true],
    ["http://localhost.", true],
    ["http://a.localhost:1", true],
    ["http://127.0.0.1", true],
    ["http://127.9.9.9:1", true],
    ["http://[::1]", true],
    ["http://10.0.0.1", false],
    ["http://localhost.example.com", false],
    ["http://127.0.0.1.example.com", false],
    ["http://[::2]", false],
  ])("tells whether %s is this machine: %s", (url, loopback) => {
    expect(parseAiemUrl(url).loopback).toBe(loopback);
  });

  test("throws for an address that is refused, without showing it", () => {
    expect(() => parseAiemUrl("https://user:secret@host")).toThrow(/^aiemUrl must not hold/);
  });
});
