import type { Kind } from "../../core/resource.ts";
import { describeBundle } from "../describe-bundle.ts";
import { describeCertificate } from "../describe-certificate.ts";
import { describeCluster } from "../describe-cluster.ts";
import { describeIssuer } from "../describe-issuer.ts";
import { describeRequest } from "../describe-request.ts";
import { parseTargets } from "../kinds.ts";
import { listObjects, oneObject, type Seen, scopeOf } from "../objects.ts";
import type { Call, Verb } from "../verb.ts";

/** Tells all about an object: status, events, attempts, and what happens next, when and why. */
export const describeVerb: Verb = {
  name: "describe",
  summary: "Explain an object: status, attempts, events, and what happens next, when and why",
  usage: ["describe KIND [NAME...] [-n NAMESPACE|-A]", "describe KIND/NAME..."],
  notes: [],
  options: ["namespace", "all-namespaces"],
  examples: [
    ["Why is it not ready?", "certwright describe certificate web"],
    ["Is the account registered?", "certwright describe clusterissuer letsencrypt"],
    ["Which secrets of a Kubernetes cluster are not in sync, and why?", "certwright describe cluster shop"],
  ],
  run: runDescribe,
};

const describers: Record<Kind, typeof describeCertificate> = {
  Certificate: describeCertificate,
  CertificateRequest: describeRequest,
  Issuer: describeIssuer,
  ClusterIssuer: describeIssuer,
  Cluster: describeCluster,
  Bundle: describeBundle,
};

async function runDescribe({ values, args, io, connect }: Call): Promise<number> {
  const targets = parseTargets(args);
  const scope = scopeOf(values);
  const installation = await connect();
  const objects: Seen[] = [];
  for (const { kind, name } of targets) {
    if (name === undefined) objects.push(...(await listObjects(installation, kind, scope)));
    else objects.push(await oneObject(installation, { kind, name }, scope.namespace));
  }
  if (objects.length === 0) io.err("No resources found.");
  for (const [index, seen] of objects.entries()) {
    io.out(`${index > 0 ? "\n\n" : ""}${await describers[seen.key.kind](installation, seen, io.colour.out)}`);
  }
  return 0;
}
