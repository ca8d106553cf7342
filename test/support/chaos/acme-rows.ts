import { expect } from "vitest";
import { dynamoRequests } from "../../../adapters/aws/requests.ts";
import { run } from "../../../cli/run.ts";
import type { Installation } from "../../../cli/verb.ts";
import type { CertificateRow } from "../../../core/rows.ts";
import { rfc3339 } from "../../../core/status.ts";
import type { Manifest } from "../../../local/requests.ts";
import { withAcme } from "../c-objects.ts";
import { type CertificateWish, certificate, type openBed } from "../integration-bed.ts";
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

/** Runs a row with a CA, an issuer and a namespace of its own; what it wrote is deleted afterwards. */
export function atOwnCa(bed: Bed, name: string, row: (ca: OwnCa) => Promise<string>) {
  return async (): Promise<string> => {
    const front = await openAcmeFront(bed.stack.facts);
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
      return await row({ bed, front, issuer, want });
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
  const { row, text } = await stillDescribed(bed, manifest);
  const message = says(row) ?? "";
  expect(message).toMatch(words);
  expect(text).toContain(reason);
  expect(text).toContain(message);
  const next = nextOf(text);
  if (row.dueAt !== undefined) expect(next).toContain(rfc3339(row.dueAt));
  return { row, next };
}

/** What describe says, and the row that it said it of: somebody may have written it in between. */
async function stillDescribed(bed: Bed, manifest: Manifest): Promise<{ row: CertificateRow; text: string }> {
  for (;;) {
    const [row, text] = [await rowOf(bed, manifest), await described(bed, manifest)];
    if ((await rowOf(bed, manifest)).version === row.version) return { row, text };
  }
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

/** As `certwright describe` prints it, without a process of its own: on a slow machine that would come too late. */
async function described({ stack }: Bed, { kind, metadata }: Manifest): Promise<string> {
  const { name, namespace = "default" } = metadata;
  const lines: string[] = [];
  const unused = () => Promise.reject(new Error("describe does not do this"));
  const installation: Installation = {
    instance: stack.facts.instance,
    requests: dynamoRequests({ client: stack.clients.dynamo, table: stack.tables.requests }),
    state: stack.state,
    clock: { now: () => new Date() },
    roleArn: (folder) => folder,
    annotate: unused,
    readSecret: unused,
    describeSecret: async () => undefined,
    sleep: unused,
  };
  const say = (text: string) => void lines.push(text);
  const io = { out: say, err: say, readStdin: async () => "", colour: { out: false, err: false } };
  const untilStopped = () => new AbortController().signal;
  const connect = async () => installation;
  await run(["describe", kind.toLowerCase(), name, "-n", namespace], { io, connect, untilStopped });
  return lines.join("\n");
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
