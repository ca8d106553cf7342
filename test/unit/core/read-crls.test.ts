import "reflect-metadata";
import { X509Certificate } from "node:crypto";
import { Extension, Pkcs10CertificateRequestGenerator } from "@peculiar/x509";
import { beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { Deps } from "../../../core/deps.ts";
import { UnavailableError } from "../../../core/errors.ts";
import type { Working } from "../../../core/look.ts";
import { readCrls } from "../../../core/read-crls.ts";
import { memoryState } from "../../support/memory-state.ts";
import { certificateKey, newCertificate, noon, renewingCertificate } from "../../support/realistic-rows.ts";
import { type Chain, type CrlEntry, makeChain } from "../../support/test-chain.ts";

const clock = { now: () => new Date(noon) };
const day = 86_400_000;
const url = "http://crl.test/a.crl";
const nothing = { change: (row: Working) => row, events: [] };
let chain: Chain;
let stranger: Chain;
let pems: string[];
let world: ReturnType<typeof open>;

beforeAll(async () => {
  [chain, stranger] = [await makeChain(clock), await makeChain(clock)];
  const p256 = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };
  const keys = await crypto.subtle.generateKey(p256, true, ["sign", "verify"]);
  const csr = await Pkcs10CertificateRequestGenerator.create({ name: "CN=x", keys, signingAlgorithm: p256 });
  pems = await Promise.all(["a", "b"].map((name) => chain.sign(csr, [`${name}.test`], 90 * 86_400, url)));
});
beforeEach(() => {
  world = open();
});

const serialOf = (pem: string) => new X509Certificate(pem).serialNumber;

function open() {
  const state = memoryState();
  const lists: Record<string, () => Promise<Uint8Array>> = {};
  const read: string[] = [];
  const dispatched: string[] = [];
  const deps = {
    state,
    clock,
    chance: { fraction: () => 0.5, uuid: () => "" },
    log: () => {},
    starter: { dispatch: async (keys: { name: string }[]) => void dispatched.push(...keys.map(({ name }) => name)) },
    revocationList: async (from: string) => {
      read.push(from);
      return (
        lists[from]?.() ?? Promise.reject(new UnavailableError({ reason: "ListUnavailable", message: `${from}: away` }))
      );
    },
  } as unknown as Deps;
  /** A certificate that is due for a look. */
  const add = async (name: string, pem: string | undefined): Promise<Working> => {
    const { issued } = renewingCertificate();
    const key = certificateKey(name);
    const attemptId = `attempt-${name}`;
    const crl = { nextCheckAt: noon - 1 };
    const fields = { key, issued: { ...issued, attemptId, notAfter: noon + 60 * day, renewalTime: noon + 30 * day } };
    await state.putCertificate(newCertificate({ ...fields, crl, dueAt: noon - 1, lane: "new" } as never));
    if (pem) await state.putChain({ namespace: key.namespace, name, attemptId }, { chain: pem }, 0);
    return (await state.certificate(key)) as Working;
  };
  const look = (...rows: Working[]) =>
    readCrls(
      deps,
      rows.map((row) => ({ row, look: nothing })),
    );
  return {
    ...{ state, lists, read, dispatched, deps, add, look },
    row: async (name: string) => state.certificate(certificateKey(name)),
  };
}

/** What comes of the first certificate when this is its list. */
async function judged(list: Promise<Uint8Array>, pem = pems[0]) {
  world.lists[url] = () => list;
  await world.look(await world.add("a", pem));
  const row = await world.row("a");
  const revoked = row?.revoked?.reason;
  return revoked ?? row?.crl?.lastError ?? "good";
}
const entry = (more: Partial<CrlEntry> = {}): CrlEntry[] => [
  { serialNumber: serialOf(pems[0] ?? ""), reason: 4, ...more },
];
const delta = new Extension("2.5.29.27", true, Buffer.from([0x02, 0x01, 0x01]));

describe("a revocation list", () => {
  it.each<[string, () => Promise<Uint8Array>, string | RegExp]>([
    ["that names the certificate revokes it", () => chain.crl(entry()), "superseded"],
    ["that gives no reason revokes it", () => chain.crl([{ serialNumber: serialOf(pems[0] ?? "") }]), "unspecified"],
    ["that holds it revokes it", () => chain.crl(entry({ reason: 6 })), "certificateHold"],
    ["that takes it back does not", () => chain.crl(entry({ reason: 8 })), "good"],
    ["that names another one does not", () => chain.crl([{ serialNumber: "4711", reason: 1 }]), "good"],
    ["of a stranger is not believed", () => stranger.crl(entry()), /^ListNotUsable: .* is not signed by the issuer/],
    ["of changes only is not believed", () => chain.crl(entry(), { extensions: [delta] }), /lists changes only$/],
    ["that has ended is not believed", () => chain.crl(entry(), { nextUpdate: new Date(noon) }), /ended on 2026-11-2/],
    [
      "that is yet to begin is not believed",
      () => chain.crl(entry(), { thisUpdate: new Date(noon + 1_000) }),
      /begins on/,
    ],
    ["that is none is not believed", async () => Buffer.from("<html>"), /is no certificate revocation list$/],
    ["that is a certificate is not believed", async () => new X509Certificate(pems[0] ?? "").raw, /^ListNotUsable/],
  ])("%s", async (_sentence, list, expected) => {
    expect(await judged(list())).toMatch(expected);
  });

  it("is not asked for when State forgot the chain, or when that lacks the issuer", async () => {
    const leafOnly = pems[0]?.split(/(?<=-----END CERTIFICATE-----\n)/)[0];
    expect(await judged(chain.crl(entry()), leafOnly)).toMatch(
      /of its issuer, which signs the list, is not in the chain$/,
    );
    world = open();
    expect(await judged(chain.crl(entry()), "")).toMatch(/chain is no longer in State$/);
    expect(world.read).toEqual([]);
  });

  it("is read once for two certificates, and revokes the one", async () => {
    world.lists[url] = () => chain.crl(entry());
    await world.look(await world.add("a", pems[0]), await world.add("b", pems[1]));
    expect(world.read).toEqual([url]);
    expect(world.dispatched).toEqual(["a"]);
    expect(await world.row("a")).toMatchObject({ revoked: { seenBy: "crl" }, dueAt: noon, lane: "renew" });
    expect(await world.row("b")).toMatchObject({ dueAt: noon + day, lane: "new" });
    expect(await world.row("b")).not.toHaveProperty("revoked");
  });

  it("is marked with the instant at which the CA revoked, for this certificate only", async () => {
    const revocationDate = new Date(noon - 5 * day);
    world.lists[url] = () => chain.crl(entry({ revocationDate }));
    const row = await world.add("a", pems[0]);
    await world.look(row);
    expect((await world.row("a"))?.revoked).toEqual({
      fingerprint: row.issued.fingerprint,
      at: revocationDate.getTime(),
      reason: "superseded",
      seenBy: "crl",
    });
  });
});

describe("a leaked key", () => {
  beforeEach(() => {
    world.lists[url] = () => chain.crl(entry({ reason: 1 }));
  });
  const publicKeyHash = () => {
    const spki = new X509Certificate(pems[0] ?? "").publicKey.export({ type: "spki", format: "der" });
    return crypto.subtle.digest("SHA-256", spki).then((hash) => Buffer.from(hash).toString("hex"));
  };

  it("is blocked before the certificate is marked, and its revocation is noted as made", async () => {
    const steps: string[] = [];
    for (const name of ["blockKey", "putRevocation", "putCertificate"] as const) {
      const run = world.state[name] as (one: never) => Promise<never>;
      world.state[name] = (async (one: never) => {
        steps.push(name);
        return run(one);
      }) as never;
    }
    const row = await world.add("a", pems[0]);
    steps.length = 0;
    await world.look(row);
    expect(steps).toEqual(["blockKey", "putRevocation", "putCertificate"]);
    expect(await world.state.blockedKey(await publicKeyHash())).toMatchObject({
      saidBy: `${row.key.namespace}/Certificate/a`,
    });
    const [revocation] = await world.state.revocationsOf(row.key);
    expect(revocation).toMatchObject({
      reason: "keyCompromise",
      revokedAt: expect.any(String),
      dueAt: expect.any(Number),
    });
  });

  it("whose revocation somebody else notes at the same time is looked at again by the next sweep", async () => {
    world.state.putRevocation = async () => "conflict";
    await world.look(await world.add("a", pems[0]));
    expect(await world.row("a")).toMatchObject({ dueAt: noon - 1, lane: "new" });
    expect(await world.row("a")).not.toHaveProperty("revoked");
    expect(world.dispatched).toEqual([]);
  });
});

it("the second list of a certificate is read when the first cannot be used", async () => {
  const p256 = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };
  const keys = await crypto.subtle.generateKey(p256, true, ["sign", "verify"]);
  const csr = await Pkcs10CertificateRequestGenerator.create({ name: "CN=x", keys, signingAlgorithm: p256 });
  const pem = await chain.sign(csr, ["c.test"], 90 * 86_400, url, "http://crl.test/b.crl");
  world.lists["http://crl.test/b.crl"] = () => chain.crl([{ serialNumber: serialOf(pem), reason: 5 }]);
  await world.look(await world.add("c", pem));
  expect(world.read).toEqual([url, "http://crl.test/b.crl"]);
  expect((await world.row("c"))?.revoked?.reason).toBe("cessationOfOperation");
});
