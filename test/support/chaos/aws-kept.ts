import { createHash, X509Certificate } from "node:crypto";
import { ListObjectVersionsCommand, S3Client } from "@aws-sdk/client-s3";
import { expect } from "vitest";
import { storedName } from "../../../core/deps.ts";
import type { StoreName } from "../../../core/rows.ts";
import type { Manifest } from "../../../local/requests.ts";
import type { TestStack } from "../integration-bed.ts";
import { secretKeyOf } from "../integration-bed.ts";
import { untilNoTxt } from "../integration-dns.ts";
import { attemptsOf, versionsOf } from "../issuance-counts.ts";
import type { SecretValue } from "../stack.ts";

/** What an attempt must not lose, whatever fails. */
export interface Kept {
  attemptId: string;
  /** Absent before Create order. */
  orderUrl: string | undefined;
  /** SHA-256 of the SubjectPublicKeyInfo, hex; absent before Prepare. */
  publicKeyHash: string | undefined;
}

/** What State holds of a Certificate's newest attempt. */
export async function keptOf(stack: TestStack, manifest: Manifest): Promise<Kept> {
  const [attempt] = await attemptsOf(stack, manifest);
  if (!attempt) throw new Error(`${manifest.metadata.name} has no attempt`);
  const csr = (await stack.state.csrs([attempt.ref])).get(attempt.ref.attemptId);
  return { attemptId: attempt.ref.attemptId, orderUrl: attempt.orderUrl, publicKeyHash: csr?.publicKeyHash };
}

/** SHA-256 of the SubjectPublicKeyInfo of a stored certificate, hex. */
export function keyHashOf(secret: SecretValue): string {
  const { publicKey } = new X509Certificate(secret["tls.crt"] ?? "");
  return createHash("sha256")
    .update(publicKey.export({ type: "spki", format: "der" }))
    .digest("hex");
}

/**
 * Throws unless each Certificate was issued so often and no more, wherever one looks: Pebble's orders, attempts, versions of
 * the secret, facts on the bus; and unless no TXT record is left. Answers that in words.
 */
export async function expectIssued(
  stack: TestStack,
  manifests: Manifest[],
  { store = "secretsManager" as StoreName, times = 1 } = {},
): Promise<string> {
  const [told, ordered] = await Promise.all([timesTold(stack), timesOrdered(stack)]);
  for (const manifest of manifests) {
    expect({
      name: manifest.metadata.name,
      orders: ordered(manifest),
      attempts: (await attemptsOf(stack, manifest)).map(({ outcome }) => outcome?.result),
      versions: await versionCount(stack, manifest, store),
      told: told(manifest),
    }).toEqual({
      name: manifest.metadata.name,
      ...{ orders: times, attempts: Array(times).fill("issued"), versions: times, told: times },
    });
  }
  await untilNoTxt(stack, manifests.flatMap(namesOf));
  const each = manifests.length === 1 ? "" : " each";
  const counted = ["order", "attempt", "version"].map((what) => (times === 1 ? `1 ${what}` : `${times} ${what}s`));
  return `${counted.join(", ")} of the secret${each}, told ${times === 1 ? "once" : `${times} times`}, no TXT left`;
}

/** The names that a Certificate asks for. */
export function namesOf({ spec }: Manifest): string[] {
  return (spec as { dnsNames: string[] }).dnsNames;
}

async function versionCount(stack: TestStack, manifest: Manifest, store: StoreName): Promise<number> {
  if (store === "secretsManager") return (await versionsOf(stack, manifest)).length;
  const { facts, clients } = stack;
  const s3 = new S3Client({ ...clients.settings, forcePathStyle: true });
  const Bucket = `${facts.instance}-secrets-${facts.account}-${facts.region}`;
  const { namespace, name } = secretKeyOf(manifest);
  const Prefix = storedName(facts.instance, namespace, name);
  return (await s3.send(new ListObjectVersionsCommand({ Bucket, Prefix }))).Versions?.length ?? 0;
}

/** Orders that Pebble made with a Certificate's first name. */
async function timesOrdered(stack: TestStack): Promise<(manifest: Manifest) => number> {
  const calls = await stack.calls({ service: "acme", action: "newOrder", status: 201 });
  const asked = calls.map(({ parameters }) => (parameters as { identifiers: { value: string }[] }).identifiers);
  return (manifest) =>
    asked.filter((identifiers) => identifiers.some(({ value }) => value === namesOf(manifest)[0])).length;
}

/** How often the bus took `Certificate Issued` for a Certificate. */
async function timesTold(stack: TestStack): Promise<(manifest: Manifest) => number> {
  const calls = await stack.calls({ service: "events", action: "PutEvents", function: "write-secret", status: 200 });
  const entries = calls.flatMap(({ parameters }) => (parameters as { Entries: Entry[] }).Entries);
  const issued = entries.filter(({ DetailType }) => DetailType === "Certificate Issued");
  return ({ metadata: { namespace = "default", name } }) =>
    issued.filter(({ Detail }) => Detail.includes(`"namespace":"${namespace}","name":"${name}"`)).length;
}

interface Entry {
  DetailType: string;
  /** JSON, maybe cut. */
  Detail: string;
}
