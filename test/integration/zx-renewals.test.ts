import { X509Certificate } from "node:crypto";
import { GetSecretValueCommand } from "@aws-sdk/client-secrets-manager";
import { beforeAll, describe, expect, it } from "vitest";
import type { Manifest } from "../../local/requests.ts";
import { type CaughtEvent, caughtEvents } from "../support/facts-queue.ts";
import { openBed, secretKeyOf } from "../support/integration-bed.ts";
import { untilNoTxt } from "../support/integration-dns.ts";
import { leafOf } from "../support/integration-leaf.ts";
import { attemptsOf, countIssuances, once, versionsOf } from "../support/issuance-counts.ts";
import { twoMinutes } from "../support/two-minutes.ts";

const bed = openBed();
const { stack } = bed;
const { namespace, queue, changesKey, keepsKey, lostStart } = twoMinutes;
const minute = 60_000;
let facts: CaughtEvent[] = [];

beforeAll(async () => {
  const both = [changesKey, keepsKey];
  await bed.shown(both, ({ revision = 0 }) => revision >= 4, 5 * minute);
  // Nothing changes any more while we look.
  for (const { metadata } of both) await stack.delete({ namespace, name: metadata.name });
  await bed.shown(both, ({ deletedAt }) => deletedAt !== undefined);
  facts = await caughtEvents(stack, queue);
}, 6 * minute);

interface Issuance {
  revision: number;
  versionId: string;
  fingerprint: string;
  /** Epoch ms, as are the others. */
  toldAt: number;
  notBefore: number;
  notAfter: number;
}

/** All issuances, oldest first, as the bus was told. */
function issuancesOf({ metadata }: Manifest): Issuance[] {
  const issued = facts.filter((fact) => fact["detail-type"] === "Certificate Issued");
  const own = issued.filter(({ detail }) => detail.name === metadata.name);
  return own.map(({ time, detail }) => ({
    revision: Number(detail.revision),
    versionId: String(detail.versionId),
    fingerprint: String(detail.fingerprint),
    toldAt: Date.parse(time),
    notBefore: Date.parse(String(detail.notBefore)),
    notAfter: Date.parse(String(detail.notAfter)),
  }));
}

/** The public keys of all issuances, from the chains that State keeps. */
async function keysOf(manifest: Manifest): Promise<string[]> {
  const attempts = (await attemptsOf(stack, manifest)).filter(({ outcome }) => outcome?.result === "issued");
  const chains = await Promise.all(attempts.map(({ ref }) => stack.state.chain(ref)));
  const keys = chains.map((item) => new X509Certificate(item?.chain ?? "").publicKey);
  return keys.map((key) => key.export({ type: "spki", format: "pem" }).toString());
}

/** The version that carries this label, and the certificate in it. */
async function versionAt(manifest: Manifest, VersionStage: string) {
  const { name } = secretKeyOf(manifest);
  const asked = new GetSecretValueCommand({ SecretId: `${stack.facts.instance}/${namespace}/${name}`, VersionStage });
  const { VersionId, SecretString = "{}" } = await stack.clients.secrets.send(asked);
  const secret = JSON.parse(SecretString);
  return { secret, versionId: VersionId, fingerprint: leafOf(secret).fingerprint };
}

describe.each([
  ["changes its key", changesKey],
  ["keeps its key", keepsKey],
])("of the certificates that live two minutes, the one that %s", (_, manifest) => {
  it("was renewed three times in a row, each time before its end", () => {
    const told = issuancesOf(manifest);
    expect(told.slice(0, 4).map(({ revision }) => revision)).toEqual([1, 2, 3, 4]);
    for (const [index, { notBefore, notAfter, toldAt }] of told.entries()) {
      expect(notAfter - notBefore).toBeLessThanOrEqual(2 * minute);
      const before = told[index - 1];
      if (before) expect(toldAt).toBeLessThan(before.notAfter);
      if (before) expect(notAfter).toBeGreaterThan(before.notAfter);
    }
    expect(new Set(told.map(({ fingerprint }) => fingerprint)).size).toBe(told.length);
  });

  it("keeps what it replaced as AWSPREVIOUS", async () => {
    const told = issuancesOf(manifest);
    const [previous, current] = await Promise.all([
      versionAt(manifest, "AWSPREVIOUS"),
      versionAt(manifest, "AWSCURRENT"),
    ]);
    expect(current).toMatchObject({ versionId: told.at(-1)?.versionId, fingerprint: told.at(-1)?.fingerprint });
    expect(previous).toMatchObject({ versionId: told.at(-2)?.versionId, fingerprint: told.at(-2)?.fingerprint });
    await stack.verify(current.secret);
    const versions = await versionsOf(stack, manifest);
    expect(versions.toSorted()).toEqual(told.map(({ versionId }) => versionId).toSorted());
  });

  it("leaves no record", async () => {
    await untilNoTxt(stack, (manifest.spec as { dnsNames: string[] }).dnsNames);
  });
});

describe("rotationPolicy", () => {
  it("Always makes a key for each issuance", async () => {
    const keys = await keysOf(changesKey);
    expect(keys.length).toBeGreaterThanOrEqual(4);
    expect(new Set(keys).size).toBe(keys.length);
  });

  it("Never keeps the first", async () => {
    const keys = await keysOf(keepsKey);
    expect(keys.length).toBeGreaterThanOrEqual(4);
    expect(new Set(keys).size).toBe(1);
  });
});

describe("a Certificate whose execution could not be started", () => {
  it("is Ready after its lease has ended, with the attempt that it had", async () => {
    await bed.ready([lostStart], 2 * minute);
    expect(await countIssuances(stack, [lostStart])).toEqual([once]);
    const starts = await stack.calls({ action: "StartExecution", contains: `"${lostStart.metadata.name}\\"` });
    expect(starts.map(({ status }) => status)).toEqual([400, 200]);
  });
});
