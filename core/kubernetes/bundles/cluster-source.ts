import { RefusedError } from "../../errors.ts";
import { isMap } from "../../field-reader.ts";
import type { SourceObject } from "../bundle.ts";
import type { Kubernetes, KubernetesObject } from "../port.ts";
import { selectorText } from "../targets.ts";
import type { SourceText } from "./pool.ts";

/** Where ConfigMaps and Secrets are read. */
export interface TrustNamespace {
  kubernetes: Kubernetes;
  namespace: string;
}

/**
 * The texts of a ConfigMap or Secret source. As in trust-manager a selector may match nothing, but a named object, and the key
 * in each object, must be there: RefusedError SourceNotFound. Throws what the port throws.
 */
export async function clusterTexts(
  kind: "ConfigMap" | "Secret",
  source: SourceObject,
  where: string,
  { kubernetes, namespace }: TrustNamespace,
): Promise<SourceText[]> {
  if ("selector" in source) {
    const objects = await kubernetes.list(kind, { namespace, labelSelector: selectorText(source.selector) });
    return objects.flatMap((object) => textsIn({ ...object, kind }, source, where));
  }
  const object = await kubernetes.get({ kind, namespace, name: source.name });
  if (!object) throw notFound(`${where}: ${kind} ${namespace}/${source.name} does not exist`);
  return textsIn({ ...object, kind }, source, where);
}

function textsIn(object: KubernetesObject, source: SourceObject, where: string): SourceText[] {
  const { kind, metadata } = object;
  const named = `${kind} ${metadata.namespace ?? ""}/${metadata.name}`;
  if ("includeAllKeys" in source && object.type === "kubernetes.io/tls") throw hasPrivateKey(`${where}: ${named}`);
  const data = isMap(object.data) ? object.data : {};
  const keys = "key" in source ? [source.key].filter((key) => Object.hasOwn(data, key)) : Object.keys(data).sort();
  if (keys.length === 0) throw notFound(`${where}: ${named} has no key${"key" in source ? ` "${source.key}"` : "s"}`);
  return keys.map((key) => ({
    source: `${where} (${named}, key ${key})`,
    pem: kind === "Secret" ? Buffer.from(String(data[key]), "base64").toString() : String(data[key]),
  }));
}

function notFound(message: string): RefusedError {
  return new RefusedError({
    reason: "SourceNotFound",
    message,
    fix: "create it in the Cluster's trustNamespace, or correct spec.sources; until then everything stays as it is",
  });
}

function hasPrivateKey(what: string): RefusedError {
  return new RefusedError({
    reason: "SourceInvalid",
    message: `${what} is of type kubernetes.io/tls, so that includeAllKeys would include its private key`,
    fix: "name the key of the certificate, such as ca.crt",
  });
}
