import { beforeAll, describe, expect, it } from "vitest";
import type { Manifest } from "../../local/requests.ts";
import { accountOf, accountsMade, countBodies, refusedFor } from "../support/c-issuers.ts";
import { secretsByHand, touched, withAcme, withSpec } from "../support/c-objects.ts";
import { certificate, openBed } from "../support/integration-bed.ts";
import { certwright } from "../support/integration-cli.ts";
import { leafOf } from "../support/integration-leaf.ts";

const bed = openBed();
const { stack, fresh, id } = bed;
const { facts } = stack;
const byHand = secretsByHand(stack);
const namespace = fresh("issuers");
const role = `arn:aws:iam::${facts.account}:role/certwright-dns`;
const solvers = [{ dns01: { route53: { region: "us-east-1", role } } }];

const clusterIssuer = (name: string, acme: Record<string, unknown> = {}) =>
  withAcme(bed.issuer({ name: fresh(name) }), acme);
const signedBy = (issuer: string, name: string, more = {}) =>
  certificate({ namespace, name, issuer, dnsNames: [`${name}-${id}.example.test`], ...more });
const bound = (name: string) => {
  const keySecretRef = { name: `${fresh(name)}-hmac`, key: "mac" };
  return clusterIssuer(name, { externalAccountBinding: { keyID: facts.externalAccount.keyId, keySecretRef } });
};

const refused: [title: string, issuer: Manifest, reason: string, message: RegExp][] = [
  [
    "has no caBundle for a CA of its own root",
    clusterIssuer("untrusting", { caBundle: undefined }),
    "UntrustedServer",
    /TLS certificate of 127\.0\.0\.1:\d+ is not trusted .*spec\.acme\.caBundle/,
  ],
  [
    "leads to a private address",
    clusterIssuer("private", { server: "https://10.0.0.1/directory" }),
    "ForbiddenUrl",
    /10\.0\.0\.1\/directory leads to a private address.*allowed private hosts/,
  ],
  [
    "names no directory",
    clusterIssuer("lost", { server: facts.directoryUrl.replace("/dir", "/elsewhere") }),
    "NoDirectory",
    /404.*spec\.acme\.server/,
  ],
  [
    "may not make its account key",
    clusterIssuer("keyless", { disableAccountKeyGeneration: true }),
    "AccountKeyMissing",
    /keyless-\w+-account" does not exist.*store the account's key there/,
  ],
  [
    "is bound to an external account whose MAC key is nowhere",
    bound("unbound"),
    "SecretKeyMissing",
    /_cluster\/unbound-\w+-hmac" has no key "mac"; store a JSON object/,
  ],
  [
    "is a tenant's and names no role",
    bed.issuer({ namespace, name: "roleless" }),
    "InvalidConfig",
    /^spec\.acme\.solvers\[0\]\.dns01\.route53\.role: Required value/,
  ],
];

describe("an issuer that", () => {
  beforeAll(() => bed.put(refused.map(([, issuer]) => issuer)));

  it.concurrent("is deleted leaves the secret alone; who needs it anew waits until it is back, with its account", async () => {
    const issuer = clusterIssuer("deleted");
    const wanted = signedBy(issuer.metadata.name, "bereft");
    await bed.put([issuer, wanted]);
    await bed.ready([wanted]);
    const [leaf, account] = [leafOf(await bed.read(wanted)), await accountOf(stack, issuer)];
    await stack.delete({ ...issuer.metadata, kind: "ClusterIssuer", namespace: "_cluster" });
    await bed.shown([issuer], ({ deletedAt }) => deletedAt !== undefined);
    await stack.put(withSpec(wanted, { dnsNames: [`other-${id}.example.test`] }));
    await stack.waitFor({ namespace, name: "bereft" }, ({ issuing }) => issuing?.reason === "IssuerNotFound");
    expect(leafOf(await bed.read(wanted))).toEqual(leaf);
    await stack.put(issuer);
    await stack.ready({ namespace, name: "bereft" }, { revision: 2 });
    expect(leafOf(await bed.read(wanted)).names).toEqual([`other-${id}.example.test`]);
    expect((await accountOf(stack, issuer)).accountUrl).toBe(account.accountUrl);
  });

  it.concurrent("has a wrong MAC key lets Certificates wait until the secret is corrected", async () => {
    const issuer = bound("misbound");
    const wanted = signedBy(issuer.metadata.name, "misbound");
    const secret = `_cluster/${fresh("misbound")}-hmac`;
    await byHand.create(secret, { mac: Buffer.alloc(32, "no").toString("base64url") });
    await bed.put([issuer, wanted]);
    expect(await refusedFor(bed, issuer, "AccountRefused")).toMatch(/Check spec\.acme\.externalAccountBinding/);
    expect(await refusedFor(bed, wanted, "IssuerNotReady")).toMatch(/misbound-\w+ is not ready: AccountRefused: /);
    await byHand.overwrite(secret, { mac: facts.externalAccount.hmacKey });
    await stack.put(touched(issuer));
    await bed.ready([issuer, wanted]);
  });

  it.concurrent("is a tenant's assumes its role with the namespace as ExternalId, and serves no other namespace", async () => {
    const assumed = await countBodies(stack, "AssumeRole", `ExternalId=${facts.instance}%2F${namespace}`);
    const issuer = bed.issuer({ namespace, name: "tenant", solvers });
    const own = signedBy("tenant", "own", { issuerKind: "Issuer" });
    const foreign = signedBy("tenant", "foreign", { issuerKind: "Issuer", namespace: fresh("elsewhere") });
    await bed.put([issuer, own, foreign]);
    await bed.ready([own]);
    expect(await assumed()).toBeGreaterThan(0);
    expect(await refusedFor(bed, foreign, "IssuerNotFound")).toContain(`in namespace "${fresh("elsewhere")}"`);
  });

  it.concurrent.each(refused)("%s is refused, with the fix", async (_, issuer, reason, message) => {
    expect(await refusedFor(bed, issuer, reason)).toMatch(message);
  });

  it.concurrent("does not verify TLS serves as well, if told so", async () => {
    const trusting = clusterIssuer("trusting", { caBundle: undefined, skipTLSVerify: true });
    await bed.put([trusting]);
    await bed.ready([trusting]);
  });

  it.concurrent("names a profile the CA lacks is told which ones there are", async () => {
    const issuer = clusterIssuer("profile", { profile: "forever" });
    const wanted = signedBy(issuer.metadata.name, "profile");
    await bed.put([issuer, wanted]);
    const offered = /no profile "forever"; it offers default \(90 days\), two-minutes \(Two minutes\)/;
    expect(await refusedFor(bed, issuer, "ErrProfileNotInSet")).toMatch(offered);
    expect(await refusedFor(bed, wanted, "IssuerNotReady")).toMatch(offered);
  });

  it.concurrent("is bound to an external account registers with it", async () => {
    await byHand.create(`_cluster/${fresh("bound")}-hmac`, { mac: facts.externalAccount.hmacKey });
    await bed.put([bound("bound")]);
    await bed.ready([bound("bound")]);
  });
});

describe("an account", () => {
  it("is shown by State and the command line, and its e-mail address follows the issuer", async () => {
    const issuer = clusterIssuer("mail");
    await bed.put([issuer]);
    await bed.ready([issuer]);
    const { accountUrl, lastRegisteredEmail } = await accountOf(stack, issuer);
    expect(lastRegisteredEmail).toBe("ops@example.test");
    const since = Date.now();
    await stack.put(withAcme(issuer, { email: "new@example.test" }));
    await expect
      .poll(async () => (await accountOf(stack, issuer)).lastRegisteredEmail, { timeout: 10_000 })
      .toBe("new@example.test");
    expect(await stack.count({ action: "account", function: "check-issuer", status: 200, since })).toBe(1);
    expect(await accountsMade(stack, since)).toBe(0);
    const [get, describe] = await Promise.all([
      certwright(stack, ["get", "clusterissuer", issuer.metadata.name, "-o", "json"]),
      certwright(stack, ["describe", "clusterissuer", issuer.metadata.name]),
    ]);
    const acme = { uri: accountUrl, lastRegisteredEmail: "new@example.test" };
    expect(JSON.parse(get.stdout)).toMatchObject({ status: { observedGeneration: 2, acme } });
    expect(describe.stdout).toMatch(/^Account Email: +new@example\.test$/m);
    expect(describe.stdout).toContain(accountUrl);
  });

  it("is one for issuers that name one secret; when its key is lost no other is made, until another secret is named", async () => {
    const since = Date.now();
    const accountSecret = `${fresh("shared")}-account`;
    const pair = ["first", "second"].map((name) => bed.issuer({ name: fresh(name), accountSecret }));
    await bed.put(pair);
    await bed.ready(pair);
    const [url, other] = await Promise.all(pair.map(async (one) => (await accountOf(stack, one)).accountUrl));
    expect(other).toBe(url);
    expect(await accountsMade(stack, since)).toBe(1);

    const key = await stack.secret({ namespace: "_cluster", name: accountSecret });
    await byHand.delete(`_cluster/${accountSecret}`);
    const wanted = signedBy(fresh("first"), "keyless");
    await bed.put(pair.map(touched));
    for (const issuer of pair) {
      expect(await refusedFor(bed, issuer, "AccountKeyLost")).toMatch(/is gone: secret .* restore the secret/);
    }
    await bed.put([wanted]);
    expect(await refusedFor(bed, wanted, "IssuerNotReady")).toContain("AccountKeyLost");

    await byHand.create(`_cluster/${accountSecret}`, key);
    await bed.put(pair.map(touched));
    await bed.ready([...pair, wanted]);
    const [first, second] = pair as [Manifest, Manifest];
    expect((await accountOf(stack, second)).accountUrl).toBe(url);
    expect(await accountsMade(stack, since)).toBe(1);

    await stack.put(withAcme(first, { privateKeySecretRef: { name: fresh("another-account") } }));
    await expect.poll(async () => (await accountOf(stack, first)).accountUrl, { timeout: 10_000 }).not.toBe(url);
    await stack.put(signedBy(first.metadata.name, "another"));
    await bed.ready([signedBy(first.metadata.name, "another")]);
    expect(await accountsMade(stack, since)).toBe(2);
  });
});
