import type { AcmeConfig, AcmeDeps } from "../../adapters/issuers/acme/session.ts";
import { acme } from "../../adapters/issuers/acme.ts";
import { makePrivateKey } from "../../adapters/keys/private-key.ts";
import type { AcmeIssuer } from "../../core/acme-port.ts";
import type { FakeAcme } from "./fake-acme.ts";
import { startFakeAcme } from "./fake-acme.ts";
import { txtTable } from "./txt-table.ts";

export interface FakeBed {
  fake: FakeAcme;
  publish: ReturnType<typeof txtTable>["publish"];
  account: { accountKeyPem: string; accountUrl: string };
  /** A new issuer of the registered account; what is named replaces what is usual. */
  issuer(deps?: Partial<AcmeDeps>, config?: Partial<AcmeConfig>): AcmeIssuer;
}

/** The ACME adapter, a registered account and the fake server, at a fixed time. */
export async function startFakeBed(now = new Date("2026-11-22T10:00:00Z")): Promise<FakeBed> {
  const txt = txtTable();
  const clock = { now: () => now };
  const fake = await startFakeAcme({ clock, lookupTxt: txt.lookup });
  const account = { accountKeyPem: await newKeyPem(), accountUrl: "" };
  const usual = { clock, allowedPrivateHosts: ["127.0.0.1"], userAgent: "certwright/test" };
  const bed: FakeBed = {
    fake,
    publish: txt.publish,
    account,
    issuer: (deps, config) =>
      acme.create({ server: fake.url, caBundle: fake.caBundle, ...config }, { ...account, ...usual, ...deps }),
  };
  account.accountUrl = (await bed.issuer().registerAccount({}))?.accountUrl ?? "";
  fake.requests.length = 0;
  return bed;
}

/** A new P-256 key as PKCS#8 PEM. */
export async function newKeyPem(): Promise<string> {
  const der = await makePrivateKey({ algorithm: "ECDSA" });
  return `-----BEGIN PRIVATE KEY-----\n${der.toString("base64")}\n-----END PRIVATE KEY-----\n`;
}
