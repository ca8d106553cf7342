import { apiVersionsOf } from "../core/api-versions.ts";
import { clusterNamespace, isClusterScoped, type Kind, kinds, type ResourceKey } from "../core/resource.ts";
import { UsageError } from "./failure.ts";

const words: Record<Kind, string[]> = {
  Certificate: ["certificate", "certificates", "cert", "certs"],
  CertificateRequest: ["certificaterequest", "certificaterequests", "cr", "crs"],
  Issuer: ["issuer", "issuers"],
  ClusterIssuer: ["clusterissuer", "clusterissuers"],
  Cluster: ["cluster", "clusters"],
  Bundle: ["bundle", "bundles"],
};

/** `certificate, certificaterequest, issuer, clusterissuer, cluster, bundle`: what may stand for KIND. */
const kindWords = Object.values(words)
  .map(([word]) => word)
  .join(", ");

/** The kind behind `certificate`, `certs`, `certificates.cert-manager.io` ... in any case. Throws UsageError. */
function parseKind(word: string): Kind {
  const [name = "", ...group] = word.toLowerCase().split(".");
  const kind = kinds.find((one) => words[one].includes(name));
  if (kind && (group.length === 0 || groupsOf(kind).includes(group.join(".")))) return kind;
  throw new UsageError(`there is no kind "${word}": it is one of ${kindWords}`);
}

/** `KIND NAME...`, `KIND` alone, or `KIND/NAME...`, as kubectl takes them. Throws UsageError. */
export function parseTargets(args: string[]): { kind: Kind; name?: string }[] {
  const [first, ...names] = args;
  if (first === undefined) throw new UsageError(`which kind? one of ${kindWords}`);
  if (args.some((arg) => arg.includes("/"))) return args.map(parseTarget);
  const kind = parseKind(first);
  return names.length === 0 ? [{ kind }] : names.map((name) => ({ kind, name }));
}

/** The same where every target must have a name. Throws UsageError. */
export function parseNamed(args: string[]): { kind: Kind; name: string }[] {
  return parseTargets(args).map(({ kind, name }) => {
    if (name === undefined) throw new UsageError(`which ${printed(kind)}? give its name`);
    return { kind, name };
  });
}

/** Where an object of that kind and name lives; cluster-scoped kinds have no namespace of the user's choice. */
export function keyIn(namespace: string, kind: Kind, name: string): ResourceKey {
  return { namespace: isClusterScoped(kind) ? clusterNamespace : namespace, kind, name };
}

/** `certificate` */
function printed(kind: Kind): string {
  return kind.toLowerCase();
}

/** `certificate/web`, as kubectl names an object. */
export function printedKey(key: { kind: Kind; name: string }): string {
  return `${printed(key.kind)}/${key.name}`;
}

/** ` in namespace "web"`, or nothing for a cluster-scoped kind. */
export function inNamespace(key: ResourceKey): string {
  return key.namespace === clusterNamespace ? "" : ` in namespace "${key.namespace}"`;
}

function parseTarget(arg: string): { kind: Kind; name: string } {
  const [kind, name, ...rest] = arg.split("/");
  if (!kind || !name || rest.length > 0)
    throw new UsageError(`"${arg}" is not KIND/NAME: with a slash every argument is written so`);
  return { kind: parseKind(kind), name };
}

/** `cert-manager.io`, `v1.cert-manager.io` ... */
function groupsOf(kind: Kind): string[] {
  return apiVersionsOf(kind).flatMap((apiVersion) => {
    const [group = "", version] = apiVersion.split("/");
    return [group, `${version}.${group}`];
  });
}

/** A Certificate's name, written as a name or as `certificate/name`. Throws UsageError, with what is done to it: "renewed". */
export function certificateName(arg: string, done: string): string {
  if (!arg.includes("/")) return arg;
  const [target] = parseTargets([arg]);
  if (target?.kind !== "Certificate") throw new UsageError(`only Certificates are ${done}, not ${arg}`);
  return target.name ?? arg;
}
