import "reflect-metadata";
import { generateKeyPairSync } from "node:crypto";
import { Pkcs10CertificateRequest } from "@peculiar/x509";
import { beforeAll, describe, expect, it } from "vitest";
import { makeCsr } from "../../../adapters/keys/csr.ts";
import { RefusedError } from "../../../core/errors.ts";
import { checkReceived, type Received } from "../../../core/received.ts";
import type { AskedFor, CsrItem } from "../../../core/rows.ts";
import { type Chain, makeChain } from "../../support/test-chain.ts";
import { at, day, now, rowOf } from "./decide/world.ts";

const names = ["www.example.com", "*.example.com"];
const keyOf = (type: "ec" | "rsa") => {
  const options = { namedCurve: "P-256", modulusLength: 2_048 };
  const pair = type === "ec" ? generateKeyPairSync("ec", options) : generateKeyPairSync("rsa", options);
  return pair.privateKey.export({ format: "der", type: "pkcs8" });
};

let ca: Chain;
let key: Buffer;
let good: string;

/** A chain for these names, as if signed at another time. */
async function signed(more: { names?: string[]; seconds?: number; from?: Date; by?: Chain; pkcs8?: Buffer } = {}) {
  const csr = await makeCsr({ pkcs8: more.pkcs8 ?? key, names, usages: [], encodeUsages: false });
  const by = more.by ?? (more.from ? await makeChain({ now: () => more.from as Date }) : ca);
  return by.sign(new Pkcs10CertificateRequest(csr.der), more.names ?? names, more.seconds ?? 90 * 86_400);
}

const csrOf = (asked: AskedFor): CsrItem => ({ csr: "", publicKeyHash: "", names, asked });

function check(chain: string, more: Partial<Received> = {}): void {
  checkReceived({ chain, csr: csrOf({} as AskedFor), pkcs8: key, renews: undefined, now, ...more });
}

/** The text of the refusal, or "" when it was taken. */
function refusal(chain: string, more: Partial<Received> = {}): string {
  try {
    check(chain, more);
    return "";
  } catch (error) {
    expect(error).toBeInstanceOf(RefusedError);
    expect(error).toMatchObject({ reason: "InvalidCertificate", endsAttempt: true, fix: expect.any(String) });
    return (error as Error).message;
  }
}

const pemsOf = (chain: string) => chain.match(/-----BEGIN[^-]+-----[^-]+-----END[^-]+-----\n/g) ?? [];

beforeAll(async () => {
  ca = await makeChain({ now: () => now });
  key = keyOf("ec");
  good = await signed();
});

describe("what comes back from the CA is taken", () => {
  it("when key, names, time and chain fit", () => {
    expect(refusal(good)).toBe("");
  });

  it("with its names in another order", async () => {
    expect(refusal(await signed({ names: [...names].reverse() }))).toBe("");
  });

  it("with the common name, which was asked for as such, among its names", async () => {
    const asked = { commonName: "CN.example.com" } as AskedFor;
    const chain = await signed({ names: [...names, "cn.example.com"] });
    expect(refusal(chain, { csr: csrOf(asked) })).toBe("");
    expect(refusal(chain)).toContain("it has the name cn.example.com, which nobody asked for");
  });

  it("without the URIs and e-mail addresses that were asked for, as in cert-manager", () => {
    const asked = { uris: ["spiffe://example.com/a"], emailAddresses: ["ops@example.com"] } as AskedFor;
    expect(refusal(good, { csr: csrOf(asked) })).toBe("");
  });

  it("with its IP addresses", async () => {
    const asked = { ipAddresses: ["192.0.2.7", "2001:db8::1"] } as AskedFor;
    const chain = await signed({ names: [...names, "2001:db8::1", "192.0.2.7"] });
    expect(refusal(chain, { csr: csrOf(asked) })).toBe("");
  });

  it("with the root at its end", () => {
    expect(refusal(good + ca.rootPem)).toBe("");
  });

  it("for an RSA key", async () => {
    const pkcs8 = keyOf("rsa");
    expect(refusal(await signed({ pkcs8 }), { pkcs8 })).toBe("");
  });

  it("with a second left", async () => {
    expect(refusal(await signed({ seconds: 1 }))).toBe("");
  });

  it("backdated by an hour, as CAs do", async () => {
    expect(refusal(await signed({ from: new Date(at(-3_600_000)) }))).toBe("");
  });

  it("for a renewal that ends a second later than the one it renews", () => {
    expect(refusal(good, { renews: { ...rowOf().issued, notAfter: at(90 * day - 1_000) } as never })).toBe("");
  });
});

describe("what comes back from the CA is refused", () => {
  it("when it is for another key of the same kind", () => {
    expect(refusal(good, { pkcs8: keyOf("ec") })).toContain("it is for another key");
  });

  it("when it is for a key of another kind", () => {
    expect(refusal(good, { pkcs8: keyOf("rsa") })).toContain("it is for another key");
  });

  it("when it lacks a name", async () => {
    expect(refusal(await signed({ names: ["www.example.com"] }))).toContain("it lacks the name *.example.com");
  });

  it("when it has a name that nobody asked for", async () => {
    const more = await signed({ names: [...names, "evil.test"] });
    expect(refusal(more)).toContain("it has the name evil.test, which nobody asked for");
  });

  it("when it lacks an IP address, or has one that nobody asked for", async () => {
    expect(refusal(good, { csr: csrOf({ ipAddresses: ["192.0.2.7"] } as AskedFor) })).toContain(
      "it lacks the name 192.0.2.7",
    );
    expect(refusal(await signed({ names: [...names, "192.0.2.7"] }))).toContain("it has the name 192.0.2.7");
  });

  it("when it has expired", async () => {
    const old = await signed({ from: new Date(at(-10 * day)), seconds: 5 * 86_400 });
    expect(refusal(old)).toContain("it expired on 2026-11-17T12:00:00Z");
  });

  it("when it ends now", async () => {
    expect(refusal(await signed({ seconds: 0 }))).toContain("it expired on 2026-11-22T12:00:00Z");
  });

  it("when it is not valid for another week", async () => {
    expect(refusal(await signed({ from: new Date(at(7 * day)) }))).not.toBe("");
  });

  it("when it renews and ends no later than the one it renews", () => {
    const renews = { ...rowOf().issued, notAfter: at(90 * day) } as never;
    expect(refusal(good, { renews })).toContain("not later than the one it renews");
  });

  it("when an intermediate is missing in the middle: the root does not sign the leaf", () => {
    expect(refusal((pemsOf(good)[0] ?? "") + ca.rootPem)).toContain("its chain is incomplete");
  });

  it("when the chain is in the wrong order", () => {
    const [leaf = "", intermediate = ""] = pemsOf(good);
    expect(refusal(leaf + ca.rootPem + intermediate)).toContain("its chain is incomplete");
  });

  it("when the intermediate is another CA's of the same name", async () => {
    const other = await makeChain({ now: () => now });
    const foreign = pemsOf(await signed({ by: other }))[1] ?? "";
    expect(refusal((pemsOf(good)[0] ?? "") + foreign)).toContain("its chain is incomplete");
  });

  it.each(["", "<html>502</html>", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"])(
    "when it is no certificate at all: %j",
    (text) => {
      expect(refusal(text)).toContain("it does not parse");
    },
  );
});

describe("a refusal", () => {
  it("never holds the key", () => {
    const text = refusal(good, { pkcs8: keyOf("ec") });
    expect(text).not.toContain(key.toString("base64").slice(20, 60));
    expect(text).not.toMatch(/PRIVATE/);
  });
});
