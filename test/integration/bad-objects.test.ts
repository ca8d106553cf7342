import { DescribeSecretCommand } from "@aws-sdk/client-secrets-manager";
import { beforeAll, describe, expect, it, vi } from "vitest";
import type { StoredRequest } from "../../core/ports.ts";
import { idOf } from "../../core/resource.ts";
import type { Manifest } from "../../local/requests.ts";
import { type BadObject, badObjects } from "../support/bad-objects.ts";
import { atFreshKey, conditionsOf, shuffled, writeStored } from "../support/bad-writes.ts";
import { certificate, openBed } from "../support/integration-bed.ts";
import { attemptsByName, countIssuances, once } from "../support/issuance-counts.ts";

const bed = openBed();
const { stack, fresh } = bed;
const issuer = fresh("bad");
const namespace = fresh("bad");

const ofCertificates = badObjects.filter(({ object, inKey }) => object.key.kind === "Certificate" && !inKey);
const ofOthers = badObjects.filter((bad) => !ofCertificates.includes(bad));
// 150 edits of Certificates that are Ready, 150 new objects, 50 good ones.
const working = named("working", 150);
const good = named("good", 50);
const edits = working.map(({ metadata }, index) => broken(from(ofCertificates, index), metadata.name));
const created = [
  ...ofOthers,
  ...Array.from({ length: 150 - ofOthers.length }, (_, index) => from(ofCertificates, index + working.length)),
].map((bad, index) => broken(bad, fresh(`new${index}`)));

interface Broken extends BadObject {
  stored: StoredRequest;
}

function from(rules: BadObject[], index: number): BadObject {
  return rules[index % rules.length] ?? expect.unreachable();
}

function broken(bad: BadObject, name: string): Broken {
  return { ...bad, stored: atFreshKey(bad, { namespace, name }) };
}

function named(what: string, count: number): Manifest[] {
  return Array.from({ length: count }, (_, index) => {
    const name = fresh(`${what}${index}`);
    return certificate({ name, namespace, issuer, dnsNames: [`${name}.example.test`] });
  });
}

async function readyOf(manifests: Manifest[]): Promise<void> {
  for (let start = 0; start < manifests.length; start += 100) await bed.ready(manifests.slice(start, start + 100));
}

/** The version of each working secret that readers get. */
function currentVersions(): Promise<unknown[]> {
  return Promise.all(
    working.map(async ({ metadata }) => {
      const SecretId = `${stack.facts.instance}/${namespace}/${metadata.name}-tls`;
      const { VersionIdsToStages } = await stack.clients.secrets.send(new DescribeSecretCommand({ SecretId }));
      return VersionIdsToStages;
    }),
  );
}

let before: unknown[] = [];
let conditions: Awaited<ReturnType<typeof conditionsOf>>;

beforeAll(async () => {
  await bed.putIssuer({ name: issuer });
  await bed.put(working);
  await readyOf(working);
  before = await currentVersions();
  const writes = [
    ...[...edits, ...created].map(
      ({ stored }) =>
        () =>
          writeStored(stack, stored),
    ),
    ...good.map((manifest) => () => stack.put(manifest)),
  ];
  await Promise.all(shuffled(writes).map((write) => write()));
  await readyOf(good);
  const keys = [...edits, ...created].map(({ stored }) => stored.key);
  const decided = async () => {
    conditions = await conditionsOf(stack, keys);
    expect(keys.filter((key) => !/^Invalid/.test(conditions.get(idOf(key))?.reason ?? "")).map(idOf)).toEqual([]);
  };
  await vi.waitFor(decided, { timeout: 60_000, interval: 500 });
});

describe("300 bad objects among 50 good ones", () => {
  it("break more than 40 rules between them", () => {
    const all = [...edits, ...created];
    expect(all).toHaveLength(300);
    expect(new Set(all.map(({ stored }) => idOf(stored.key))).size).toBe(300);
    expect(new Set(all.map(({ rule }) => rule))).toEqual(new Set(badObjects.map(({ rule }) => rule)));
    expect(badObjects.length).toBeGreaterThan(40);
  });

  it.each(badObjects)("tell their user about the rule: $rule", ({ rule, path, message, faults }) => {
    const broke = [...edits, ...created].filter((one) => one.rule === rule);
    for (const { stored } of broke) {
      const condition = conditions.get(idOf(stored.key));
      const reason = stored.key.kind === "Certificate" ? "InvalidSpec" : "InvalidConfig";
      expect(condition).toMatchObject({ status: "False", reason });
      const text = `${path}: ${message}; `;
      const from = condition?.message.indexOf(`${path}: `) ?? -1;
      if (faults === undefined) expect(from).toBe(0);
      // Conditions are cut at 400 characters: of a later fault only the beginning may be left.
      expect(condition?.message.slice(from).startsWith(text.slice(0, 400 - from))).toBe(true);
    }
  });

  it("leave the good ones Ready with one attempt", async () => {
    expect(await countIssuances(stack, good)).toEqual(good.map(() => once));
  });

  it("leave the secrets that worked before as they were, and say so", async () => {
    expect(await currentVersions()).toEqual(before);
    expect(await countIssuances(stack, working)).toEqual(working.map(() => once));
    for (const { stored } of edits) {
      expect(conditions.get(idOf(stored.key))?.message).toMatch(/; the stored secret stays, valid until \d{4}-/);
    }
  });

  it("are never tried", async () => {
    const namespaces = new Set(created.map(({ stored }) => stored.key.namespace));
    const attempts = await Promise.all([...namespaces].map((one) => attemptsByName(stack, one)));
    const tried = new Set(attempts.flatMap((names) => [...names.keys()]));
    expect(created.filter(({ stored }) => tried.has(stored.key.name)).map(({ rule }) => rule)).toEqual([]);
    expect(tried).toEqual(new Set([...working, ...good].map(({ metadata }) => metadata.name)));
  });
});
