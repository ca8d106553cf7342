import { expect } from "vitest";
import type { CertificateRow } from "../../../core/rows.ts";
import { rfc3339 } from "../../../core/status.ts";
import type { Manifest } from "../../../local/requests.ts";
import { withAcme } from "../c-objects.ts";
import { type CertificateWish, certificate, type openBed, type TestStack } from "../integration-bed.ts";
import { certwright } from "../integration-cli.ts";
import { type AcmeFront, openAcmeFront } from "./acme-front.ts";

export type Bed = ReturnType<typeof openBed>;

/** The objects of one row, at a CA of its own. */
export interface OwnCa {
  bed: Bed;
  front: AcmeFront;
  /** A ClusterIssuer, not written yet. */
  issuer: Manifest;
  /** A Certificate of that issuer, not written yet. */
  want(name?: string, more?: Partial<CertificateWish>): Manifest;
}

export type CaFacts = Pick<TestStack["facts"], "directoryUrl" | "caCertificate">;

/** Runs a row with a CA, an issuer and a namespace of its own; what it wrote is deleted afterwards. */
export function atOwnCa(bed: Bed, name: string, run: (ca: OwnCa) => Promise<string>, facts: CaFacts = bed.stack.facts) {
  return async (): Promise<string> => {
    const front = await openAcmeFront(facts);
    const issuerName = bed.fresh(name);
    const issuer = withAcme(bed.issuer({ name: issuerName }), {
      server: front.directoryUrl,
      caBundle: Buffer.from(front.caCertificate).toString("base64"),
    });
    const wanted: Manifest[] = [];
    const want: OwnCa["want"] = (suffix = "www", more = {}) => {
      const own = `${suffix}-${issuerName}`;
      const dnsNames = [`${own}.example.test`];
      wanted.push(certificate({ namespace: issuerName, name: own, issuer: issuerName, dnsNames, ...more }));
      return wanted.at(-1) as Manifest;
    };
    try {
      return await run({ bed, front, issuer, want });
    } finally {
      const written = [...wanted.map(({ kind, metadata }) => ({ kind, ...metadata })), clusterWide(issuer)];
      await Promise.all(written.map((one) => bed.stack.delete(one)));
      await front.close();
    }
  };
}

function clusterWide({ kind, metadata }: Manifest) {
  return { kind, name: metadata.name, namespace: "_cluster" };
}

/** What State says of a Certificate. */
export async function rowOf({ stack }: Bed, { metadata }: Manifest): Promise<CertificateRow> {
  const row = await stack.certificate(metadata);
  if (!row) throw new Error(`${metadata.name} is not in State`);
  return row;
}

/**
 * Resolves when a Certificate shows this reason, in Issuing or in Ready; then `describe` says reason and message, what
 * comes next and when. Answers the row, and what describe says of the next step.
 */
export async function tells(
  bed: Bed,
  manifest: Manifest,
  reason: string,
  words: RegExp,
): Promise<{ row: CertificateRow; next: string }> {
  const says = ({ ready, issuing }: CertificateRow) => {
    const one = issuing?.reason === reason && issuing.status === "False" ? issuing : ready;
    return one.reason === reason && one.status === "False" ? one.message : undefined;
  };
  await bed.stack.waitFor(manifest.metadata, (row) => says(row) !== undefined, 120_000);
  const text = await described(bed, manifest);
  // Read after describe: what it showed is what State says still.
  const row = await rowOf(bed, manifest);
  const message = says(row) ?? "";
  expect(message).toMatch(words);
  expect(text).toContain(reason);
  expect(text).toContain(message);
  const next = nextOf(text);
  if (row.dueAt !== undefined) expect(next).toContain(rfc3339(row.dueAt));
  return { row, next };
}

/** The same of an issuer. */
export async function issuerTells(bed: Bed, issuer: Manifest, reason: string, words: RegExp): Promise<string> {
  const [shown] = await bed.shown([issuer], ({ ready }) => ready?.status === "False" && ready.reason === reason);
  const { message = "" } = shown?.ready ?? {};
  expect(message).toMatch(words);
  const text = await described(bed, issuer);
  expect(text).toContain(reason);
  expect(text).toContain(message);
  return nextOf(text);
}

async function described({ stack }: Bed, { kind, metadata }: Manifest): Promise<string> {
  const { name, namespace } = metadata;
  const where = namespace === undefined ? [] : ["-n", namespace];
  const { code, stdout, stderr } = await certwright(stack, ["describe", kind.toLowerCase(), name, ...where]);
  if (code !== 0) throw new Error(`describe ${name}: ${stderr}`);
  return stdout;
}

function nextOf(text: string): string {
  return /\nNext:\n([\s\S]*)$/.exec(text)?.[1]?.replace(/\s+/g, " ").trim() ?? "";
}

/** Runs check-issuer by hand, as the runbook says. */
export function checkNow({ stack }: Bed, { kind, metadata }: Manifest): Promise<unknown> {
  return stack.invoke("check-issuer", {
    key: { namespace: metadata.namespace ?? "_cluster", kind, name: metadata.name },
  });
}
