import { DeleteSecretCommand } from "@aws-sdk/client-secrets-manager";
import { beforeAll, describe, expect, it } from "vitest";
import type { Manifest } from "../../local/requests.ts";
import { secretsByHand, touched, withSpec } from "../support/c-objects.ts";
import { keyOfCertificate } from "../support/c-openssl.ts";
import { ordersFor } from "../support/c-requests-made.ts";
import { certificate, openBed } from "../support/integration-bed.ts";
import { type Leaf, leafOf } from "../support/integration-leaf.ts";
import { attemptsOf } from "../support/issuance-counts.ts";

const bed = openBed();
const { stack, fresh, id } = bed;
const byHand = secretsByHand(stack);
const namespace = fresh("changed");
const [issuer, otherIssuer] = [fresh("changed"), fresh("changed-to")];
const dnsNameOf = (name: string) => `${name}-${id}.example.test`;
const hour = 3_600_000;

function wanted(name: string, more: Record<string, unknown> = {}): Manifest {
  return certificate({ namespace, name, issuer, dnsNames: [dnsNameOf(name)], more });
}

const toOther = { name: otherIssuer, kind: "ClusterIssuer" };
const p384 = { algorithm: "ECDSA", size: 384 };
// An edit of each; the reason and the revision that follow.
const edits: [what: string, name: string, edit: (before: Manifest) => Manifest, reason: string][] = [
  ["names", "renamed", (before) => withSpec(before, { dnsNames: [dnsNameOf("to")] }), "RequestChanged"],
  ["usages", "reused", (before) => withSpec(before, { usages: ["server auth"] }), "RequestChanged"],
  ["the issuer", "reissued", (before) => withSpec(before, { issuerRef: toOther }), "IncorrectIssuer"],
  ["the key's size", "rekeyed", (before) => withSpec(before, { privateKey: p384 }), "SecretMismatch"],
  ["secretName", "moved", (before) => withSpec(before, { secretName: "elsewhere-tls" }), "DoesNotExist"],
];
const edited = edits.map(([, name, edit]) => ({ before: wanted(name), after: edit(wanted(name)) }));
const sooner = wanted("sooner");
const giver = wanted("giver");
const given = withSpec(giver, { secretName: "given-tls" });
const taker = wanted("taker", { secretName: "giver-tls" });
// What somebody does to the stored secret behind certwright's back, and why it is issued again once the object is touched.
const drifts: [what: string, manifest: Manifest, act: (name: string) => Promise<unknown>, reason: string][] = [
  ["is deleted", wanted("deleted"), byHand.delete, "DoesNotExist"],
  ["is to be deleted in a week", wanted("scheduled"), scheduleDeletion, "DoesNotExist"],
  ["is written over", wanted("overwritten"), (name) => byHand.overwrite(name, { mine: "now" }), "MissingData"],
];

function scheduleDeletion(name: string) {
  const SecretId = `${stack.facts.instance}/${name}`;
  return stack.clients.secrets.send(new DeleteSecretCommand({ SecretId, RecoveryWindowInDays: 7 }));
}

const leaves = new Map<string, Leaf>();

beforeAll(async () => {
  await Promise.all([bed.putIssuer({ name: issuer }), bed.putIssuer({ name: otherIssuer })]);
  const drifting = drifts.map(([, manifest]) => manifest);
  const all = [...edited.map(({ before }) => before), ...drifting, sooner, giver];
  await bed.put(all);
  await bed.ready(all);
  for (const manifest of all) leaves.set(manifest.metadata.name, leafOf(await bed.read(manifest)));
  await Promise.all(drifts.map(([, { metadata }, act]) => act(`${namespace}/${metadata.name}-tls`)));
  await bed.put(drifting.map(touched));
  await bed.put([...edited.map(({ after }) => after), withSpec(sooner, { renewBefore: "2000h" }), given]);
});

describe("an edit of", () => {
  it.concurrent("secretName frees the old name for another Certificate", async () => {
    await stack.ready({ namespace, name: "giver" }, { revision: 2 });
    await bed.put([taker]);
    await bed.ready([taker]);
    expect(leafOf(await bed.read(taker)).names).toEqual([dnsNameOf("taker")]);
    expect(leafOf(await bed.read(given)).names).toEqual([dnsNameOf("giver")]);
  });

  it.concurrent.each(edits.map((edit, index) => [...edit, index] as const))(
    "%s makes a new certificate, and says why",
    async (_what, name, _edit, reason, index) => {
      const { before, after } = edited[index] ?? expect.unreachable();
      const old = leaves.get(name);
      await stack.ready({ namespace, name }, { revision: 2 });
      expect((await attemptsOf(stack, after)).map((attempt) => attempt.reason)).toEqual([reason, "DoesNotExist"]);
      const secret = await bed.read(after);
      await stack.verify(secret);
      const { dnsNames, issuerRef } = after.spec as { dnsNames: string[]; issuerRef: { name: string } };
      const now = leafOf(secret);
      expect(now.serialNumber).not.toBe(old?.serialNumber);
      expect(now.names).toEqual(dnsNames);
      expect(secret.metadata).toMatchObject({ annotations: { "cert-manager.io/issuer-name": issuerRef.name } });
      if (name === "rekeyed") expect(await keyOfCertificate(secret["tls.crt"] ?? "")).toBe("secp384r1 384");
      if (name === "moved") expect(leafOf(await bed.read(before))).toEqual(old);
    },
  );

  it.concurrent("renewBefore moves the renewal and nothing else", async () => {
    const row = await stack.waitFor({ namespace, name: "sooner" }, ({ generation }) => generation === 2);
    const { renewalTime = 0, notAfter = 0, notBefore = 0 } = row.issued ?? {};
    expect(renewalTime).toBeLessThanOrEqual(notAfter - 2_000 * hour);
    expect(renewalTime).toBeGreaterThan(notBefore);
    // Pebble is asked when to renew, before that.
    expect(row).toMatchObject({
      revision: 1,
      dueAt: row.ari?.nextCheckAt,
      ready: { status: "True", observedGeneration: 2 },
    });
    expect(await attemptsOf(stack, sooner)).toHaveLength(1);
    expect(await ordersFor(stack, dnsNameOf("sooner"))).toBe(1);
  });
});

describe("a Ready Certificate that is touched", () => {
  it.concurrent.each(drifts)("is issued again when its secret %s", async (_what, manifest, _act, reason) => {
    const { name } = manifest.metadata;
    await stack.ready({ namespace, name }, { revision: 2 });
    const secret = await bed.read(manifest);
    await stack.verify(secret);
    expect(leafOf(secret).serialNumber).not.toBe(leaves.get(name)?.serialNumber);
    expect((await attemptsOf(stack, manifest)).map((attempt) => attempt.reason)).toEqual([reason, "DoesNotExist"]);
    expect(await stack.certificate({ namespace, name })).toMatchObject({ generation: 1 });
  });
});
