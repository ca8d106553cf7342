import { readCertificate } from "../../../core/certificate-identity.ts";
import type { CertificateRow } from "../../../core/rows.ts";
import { openPipeline, type PipelineOptions } from "../../support/pipeline.ts";
import { certificateSpec } from "../../support/specs.ts";

export const [minute, hour, day] = [60_000, 3_600_000, 86_400_000];
export const url = "http://crl.test/ca.crl";
/** Of an issuer whose CA is not asked when to renew. */
export const none = { renewalInformationSource: "None" };

/** A pipeline whose CA names a revocation list, with Certificates from it that are never asked about. */
export async function openWorld(
  names: string[],
  {
    issuer = none,
    spec = {},
    ...options
  }: PipelineOptions & { issuer?: Record<string, unknown>; spec?: Record<string, unknown> } = {},
) {
  const read: string[] = [];
  const answer = { list: undefined as undefined | (() => Promise<Uint8Array>) };
  const p = await openPipeline({
    sweepSeconds: 600,
    revocationList: async (from) => {
      read.push(from);
      return answer.list ? answer.list() : p.ca.crl();
    },
    ...options,
  });
  p.ca.knobs.crlUrl = url;
  await p.issuer("ca", issuer);
  for (const name of names) await p.apply(`web/${name}`, certificateSpec(name, spec));
  const pass = (ms: number) => p.time.runUntil(new Date(p.time.now().getTime() + ms));
  await pass(5 * minute);
  const leaf = async (name: string) => readCertificate(String((await p.secret("web", `${name}-tls`))?.["tls.crt"]));
  const keyOf = (name: string) => ({ namespace: "web", kind: "Certificate", name }) as const;
  return {
    ...{ p, pass, read, answer, leaf },
    row: async (name: string) => (await p.row(`web/${name}`)) as CertificateRow,
    /** At the CA, by somebody else than us. */
    revoke: async (name: string, reason: number) => p.ca.revoked.set((await leaf(name)).serial, reason),
    events: async (name: string) => (await p.state.events(keyOf(name), 50)).reverse(),
    reasons: async (name: string) => (await p.state.attemptsOf(keyOf(name))).map(({ reason }) => reason),
    revocations: (name: string) => p.state.revocationsOf(keyOf(name)),
  };
}
