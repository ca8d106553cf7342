import { readCaBundle } from "../ca-bundle.ts";
import { readDurationFrom } from "../duration-field.ts";
import { invalidValue, quote, requiredValue } from "../field-fault.ts";
import type { Fields, FieldTable } from "../field-reader.ts";
import { labelProblem } from "../kube-names.ts";
import { readClusterAuth } from "./auth-fields.ts";
import type { ClusterSelector, ClusterSpec, ReloadSpec } from "./cluster.ts";
import { readNamespaces, readSelectorParts, selectorTable } from "./selector-fields.ts";

/** The fields of `spec` of a Cluster. */
export const clusterTable: FieldTable = {
  server: "read",
  caBundle: "read",
  auth: "read",
  namespaceMap: "read",
  selector: "read",
  allowedNamespaces: "read",
  deletionPolicy: "read",
  mode: "read",
  requestsPerSecond: "read",
  driftCheckInterval: "read",
  trustNamespace: "read",
  reload: "read",
};
const reloadTable: FieldTable = { namespaces: "read", annotatedIn: "read", maxConcurrent: "read", timeout: "read" };

const mostRequestsPerSecond = 500;
const standardRequestsPerSecond = 20;
const driftCheck = { standard: 3_600, least: 60, shortest: "1m" };
const reloadTimeout = { standard: 600, least: 1, shortest: "1s" };

/** Reads the spec of a Cluster; it is usable only when no fault was found. */
export function readClusterSpec(fields: Fields): ClusterSpec | undefined {
  const auth = readClusterAuth(fields);
  const server = readServer(fields, auth);
  const caBundle = readCaBundle(fields);
  const selector = readClusterSelector(fields);
  const allowedNamespaces = readNamespaces(fields, "allowedNamespaces");
  const reload = readReload(fields);
  const rest = {
    namespaceMap: readNamespaceMap(fields),
    deletionPolicy: fields.oneOf("deletionPolicy", ["retain", "delete"]) ?? "retain",
    mode: fields.oneOf("mode", ["repair", "report"]) ?? "repair",
    requestsPerSecond: readRequestsPerSecond(fields),
    driftCheckSeconds: readDurationFrom(fields, "driftCheckInterval", driftCheck),
    trustNamespace: readTrustNamespace(fields),
  };
  if (!auth) return undefined;
  return {
    ...(server === undefined ? {} : { server }),
    ...(caBundle === undefined ? {} : { caBundle }),
    auth,
    ...rest,
    ...(selector === undefined ? {} : { selector }),
    ...(allowedNamespaces === undefined ? {} : { allowedNamespaces }),
    ...(reload === undefined ? {} : { reload }),
  };
}

function readServer(fields: Fields, auth: ClusterSpec["auth"] | undefined): string | undefined {
  const server = fields.text("server");
  const fix = "write the URL of the apiserver, such as https://10.0.0.1:6443";
  if (server === undefined) {
    const needed = auth !== undefined && !("kubeconfigSecretRef" in auth) && !fields.isSet("server");
    if (needed) fields.fault("server", requiredValue("must be specified unless a kubeconfig says it"), fix);
    return undefined;
  }
  const url = URL.parse(server);
  const isPlain = url !== null && url.username + url.password + url.search + url.hash === "";
  if (url?.protocol !== "https:" || !isPlain) {
    fields.fault("server", invalidValue('"(not shown)"', "must be an https URL without credentials or query"), fix);
  }
  return url ? `${url.origin}${url.pathname}`.replace(/\/+$/, "") : undefined;
}

function readNamespaceMap(fields: Fields): Record<string, string> {
  const map = fields.textMap("namespaceMap");
  for (const [ours, theirs] of Object.entries(map)) {
    const keyProblem = ours === "*" ? undefined : labelProblem(ours);
    const valueProblem = theirs === "" ? undefined : labelProblem(theirs);
    if (keyProblem !== undefined) {
      const fix = "write a certwright namespace, or * for all others";
      fields.fault("namespaceMap", invalidValue(quote(ours), keyProblem), fix);
    }
    if (valueProblem !== undefined) {
      const fix = 'write a namespace of the cluster, or "" to keep it out';
      fields.fault("namespaceMap", invalidValue(quote(theirs), valueProblem), fix);
    }
  }
  return map;
}

function readClusterSelector(fields: Fields): ClusterSelector | undefined {
  const selector = fields.map("selector", { ...selectorTable, namespaces: "read" });
  if (!selector) return undefined;
  const namespaces = readNamespaces(selector, "namespaces");
  return { ...readSelectorParts(selector), ...(namespaces === undefined ? {} : { namespaces }) };
}

function readRequestsPerSecond(fields: Fields): number {
  const count = fields.integer("requestsPerSecond") ?? standardRequestsPerSecond;
  if (count < 1 || count > mostRequestsPerSecond) {
    const why = `must be between 1 and ${mostRequestsPerSecond}`;
    fields.fault("requestsPerSecond", invalidValue(count, why), `write a number from 1 to ${mostRequestsPerSecond}`);
  }
  return count;
}

function readTrustNamespace(fields: Fields): string {
  const namespace = fields.text("trustNamespace") ?? "cert-manager";
  const problem = labelProblem(namespace);
  if (problem !== undefined) {
    const fix = "write the namespace that holds the sources of Bundles";
    fields.fault("trustNamespace", invalidValue(quote(namespace), problem), fix);
  }
  return namespace;
}

function readReload(fields: Fields): ReloadSpec | undefined {
  const reload = fields.map("reload", reloadTable);
  if (!reload) return undefined;
  if (!(reload.isSet("namespaces") || reload.isSet("annotatedIn"))) {
    const message = requiredValue("at least one of namespaces and annotatedIn must be set");
    reload.faultAt(reload.path, message, "list the namespaces whose workloads are restarted");
  }
  return {
    namespaces: readNamespaces(reload, "namespaces", { all: true }) ?? [],
    annotatedIn: readNamespaces(reload, "annotatedIn", { all: true }) ?? [],
    maxConcurrent: readMaxConcurrent(reload),
    timeoutSeconds: readDurationFrom(reload, "timeout", reloadTimeout),
  };
}

function readMaxConcurrent(reload: Fields): ReloadSpec["maxConcurrent"] {
  const value = reload.integerOrText("maxConcurrent") ?? 1;
  const percent = typeof value === "string" ? /^(\d{1,3})%$/.exec(value)?.[1] : undefined;
  if (typeof value === "number" && value >= 1) return { count: value };
  if (percent !== undefined && Number(percent) >= 1 && Number(percent) <= 100) return { percent: Number(percent) };
  const why = "must be a whole number of at least 1, or a percentage from 1% to 100%";
  const shown = typeof value === "string" ? quote(value) : value;
  reload.fault("maxConcurrent", invalidValue(shown, why), 'write a number such as 3, or a share such as "25%"');
  return { count: 1 };
}
