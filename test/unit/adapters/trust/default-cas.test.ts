import { rootCertificates } from "node:tls";
import { describe, expect, it } from "vitest";
import { defaultCAs } from "../../../../adapters/trust/default-cas.ts";
import { poolOf } from "../../../../core/kubernetes/bundles/pool.ts";

describe("the default CAs", () => {
  it("are those that Node.js brings, each a certificate that a bundle takes", () => {
    const pool = poolOf([{ source: "defaults", pem: defaultCAs().pem }], new Date("2026-01-01T00:00:00Z"));
    expect(pool.counts).toEqual({ certificates: rootCertificates.length, expired: 0, duplicate: 0, malformed: 0 });
    expect(rootCertificates.length).toBeGreaterThan(100);
  });

  it("have a version that says how many and which", () => {
    const { version } = defaultCAs();
    expect(version).toMatch(new RegExp(`^mozilla-${rootCertificates.length}-[0-9a-f]{12}$`));
    expect(defaultCAs().version).toBe(version);
  });
});
