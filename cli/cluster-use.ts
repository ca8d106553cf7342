import type { CertificateSpec } from "../core/certificate.ts";
import type { BundleSpec } from "../core/kubernetes/bundle.ts";
import { goesTo } from "../core/kubernetes/bundles/place-bundle.ts";
import type { ClusterSpec } from "../core/kubernetes/cluster.ts";
import type { SecretName, Use } from "../core/kubernetes/rbac.ts";
import { sortedSet } from "../core/kubernetes/rbac-rules.ts";
import type { ClusterRows, PlacedBundleRow } from "../core/kubernetes/rows.ts";
import { belongs } from "../core/kubernetes/targets.ts";
import { parseBundle, parseCertificate, parseCluster } from "../core/request.ts";
import { clusterNamespace, idOf, type Resource } from "../core/resource.ts";
import { Failure } from "./failure.ts";
import { keyIn } from "./kinds.ts";
import { notFound } from "./objects.ts";
import type { Installation } from "./verb.ts";

/** What the installation uses a Cluster for now. Reads every Certificate. Throws Failure when there is no valid Cluster. */
export async function clusterUse(installation: Installation, name: string): Promise<Use> {
  const spec = await specOf(installation, name);
  const rows = await installation.state.clusterRows(name);
  return {
    spec,
    ...(await secretsOf(installation, { name, spec }, rows)),
    bundles: await bundlesOf(installation, name, rows),
  };
}

async function specOf({ requests }: Installation, name: string): Promise<ClusterSpec> {
  const key = keyIn("", "Cluster", name);
  const stored = await requests.get(key);
  if (!stored) throw notFound(key);
  const parsed = parseCluster(stored);
  if (parsed.ok) return parsed.resource.spec;
  const [first] = parsed.faults;
  throw new Failure(`cluster/${name} is not valid: ${first?.path}: ${first?.message}`, first?.fix);
}

/** By the requests as they are now; a Certificate whose request cannot be read keeps what was written for it. */
async function secretsOf(
  { requests, state }: Installation,
  cluster: { name: string; spec: ClusterSpec },
  { mirrors }: ClusterRows,
): Promise<Pick<Use, "secrets" | "formerSecrets">> {
  const secrets: SecretName[] = [];
  const unread = new Set<string>();
  for await (const page of requests.scan()) {
    const certificates = page.requests.filter(({ key }) => key.kind === "Certificate");
    const rows = await state.certificates(certificates.map(({ key }) => key));
    for (const stored of certificates) {
      const id = idOf(stored.key);
      const parsed = parseCertificate(stored);
      if (parsed.ok) secrets.push(...secretsIn(cluster, parsed.resource, rows.get(id)?.issued?.secretName));
      else unread.add(id);
    }
  }
  const written = mirrors.flatMap(({ certificate, written }) =>
    written ? [{ id: idOf({ ...certificate, kind: "Certificate" }), ...written }] : [],
  );
  return {
    secrets: [...secrets, ...written.filter(({ id }) => unread.has(id))],
    formerSecrets: written.filter(({ id }) => !unread.has(id)),
  };
}

/** The Secret that a Certificate asks for there, and the one that its working certificate still has. */
function secretsIn(
  cluster: { name: string; spec: ClusterSpec },
  { key, labels, spec }: Resource<CertificateSpec>,
  issuedName: string | undefined,
): SecretName[] {
  const { targets } = spec.options;
  const place = belongs(cluster, { namespace: key.namespace, labels, ...(targets ? { targets } : {}) });
  if (!place.wanted) return [];
  return [spec.secretName, issuedName ?? spec.secretName].map((name) => ({ namespace: place.namespace, name }));
}

/** The Bundles that go there, and those that have to be taken out of it. */
async function bundlesOf(
  { requests, state }: Installation,
  cluster: string,
  rows: ClusterRows,
): Promise<Use["bundles"]> {
  const stored = await requests.list(clusterNamespace, "Bundle");
  const specs = new Map<string, BundleSpec>();
  for (const request of stored) {
    const parsed = parseBundle(request);
    const spec = parsed.ok ? parsed.resource.spec : (await state.bundle(request.key))?.spec;
    if (spec && goesTo(spec, cluster)) specs.set(request.key.name, spec);
  }
  const placed = new Map<string, PlacedBundleRow>(rows.bundles.map((row) => [row.bundle, row]));
  return sortedSet([...specs.keys(), ...placed.keys()]).map((name) => {
    const spec = specs.get(name);
    const { kinds = [], namespaces = [], begun = [] }: Partial<PlacedBundleRow> = placed.get(name) ?? {};
    return { name, ...(spec ? { spec } : {}), kinds, namespaces: [...namespaces, ...begun] };
  });
}
