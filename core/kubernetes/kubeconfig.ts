import { parseDocument } from "yaml";
import { RefusedError } from "../errors.ts";
import type { ClusterAccess } from "./port.ts";

/**
 * The server and credentials of a kubeconfig's current context. Only what stands in the text itself is used: it runs no
 * program and reads no file. Throws RefusedError CredentialsRejected naming the field, never its value.
 * https://kubernetes.io/docs/reference/config-api/kubeconfig.v1/
 */
export function readKubeconfig(text: string): ClusterAccess {
  const config = parsed(text);
  const current = textAt(config, "current-context", "current-context");
  if (current === undefined) throw unusable("current-context", "is missing", "Set it with kubectl config use-context.");
  const context = named(config, "context", current);
  const cluster = named(config, "cluster", textAt(context, "cluster", `contexts[${current}].cluster`));
  const user = named(config, "user", textAt(context, "user", `contexts[${current}].user`));
  refuse(cluster, "cluster", refusedOfCluster);
  refuse(user, "user", refusedOfUser);
  const caBundle = pemAt(cluster, "cluster", "certificate-authority-data");
  const server = textAt(cluster, "server", "cluster.server");
  if (server === undefined) throw unusable("cluster.server", "is missing", "Write the https URL of the apiserver.");
  return { server, ...(caBundle !== undefined && { caBundle }), credentials: credentialsOf(user) };
}

type Fields = Record<string, unknown>;
/** By field: what it would do, and what to write instead. */
type Refused = Readonly<Record<string, readonly [why: string, fix: string]>>;

const inline = "Store a kubeconfig that has the content itself: kubectl config view --flatten --minify prints it.";
const longLived =
  "Give the user a token or a client certificate of its own; for EKS use spec.auth.eks of the Cluster instead of a kubeconfig.";

const refusedOfCluster: Refused = {
  "certificate-authority": ["names a file", inline],
  "insecure-skip-tls-verify": ["would trust anybody", "Remove it and put the CA into certificate-authority-data."],
  "proxy-url": ["goes through a proxy", "Remove it: the apiserver must be reached directly."],
  "tls-server-name": ["is not supported", "Use a server name that the apiserver's certificate has."],
};

const refusedOfUser: Refused = {
  exec: ["runs a program", longLived],
  "auth-provider": ["runs a plugin", longLived],
  "client-certificate": ["names a file", inline],
  "client-key": ["names a file", inline],
  tokenFile: ["names a file", inline],
  username: ["is a password login, which apiservers have no more", longLived],
  password: ["is a password login, which apiservers have no more", longLived],
  as: ["acts as somebody else", "Give that user credentials of its own."],
  "as-uid": ["acts as somebody else", "Give that user credentials of its own."],
  "as-groups": ["acts as somebody else", "Give that user credentials of its own."],
  "as-user-extra": ["acts as somebody else", "Give that user credentials of its own."],
};

/** With both, an apiserver looks at the certificate first, and so does this. */
function credentialsOf(user: Fields): ClusterAccess["credentials"] {
  const certificatePem = pemAt(user, "user", "client-certificate-data");
  const keyPem = pemAt(user, "user", "client-key-data");
  if (certificatePem !== undefined && keyPem !== undefined) return { certificatePem, keyPem };
  if (certificatePem !== undefined || keyPem !== undefined) {
    const missing = keyPem === undefined ? "client-key-data" : "client-certificate-data";
    throw unusable(`user.${missing}`, "is missing", "A client certificate needs its key, and a key its certificate.");
  }
  const token = textAt(user, "token", "user.token");
  if (token === undefined) throw unusable("user", "has no credentials", longLived);
  return { token };
}

function parsed(text: string): Fields {
  const document = parseDocument(text);
  const [error] = document.errors;
  const line = error?.linePos?.[0].line;
  // The parser's message quotes the text.
  if (error) throw unusable(`line ${line ?? 1}`, `is no YAML (${error.code})`, inline);
  const config: unknown = aliasesResolved(document);
  if (!isFields(config)) throw unusable("", "is no map", inline);
  if (isSet(config.kind) && config.kind !== "Config") throw unusable("kind", "is not Config", inline);
  return config;
}

function aliasesResolved(document: ReturnType<typeof parseDocument>): unknown {
  try {
    return document.toJS();
  } catch {
    throw unusable("", "has aliases that lead nowhere or too far", "Write it without YAML aliases.");
  }
}

/** The map under `context` of the entry of that name in `contexts`; of several the first, as kubectl has it. */
function named(config: Fields, what: "context" | "cluster" | "user", name: string | undefined): Fields {
  const list = config[`${what}s`];
  const entries: unknown[] = Array.isArray(list) ? list : [];
  const entry = name === undefined ? undefined : entries.find((one) => isFields(one) && one.name === name);
  const found = isFields(entry) ? entry[what] : undefined;
  if (isFields(found)) return found;
  const which = name === undefined ? "the one of the current context" : `"${name.slice(0, 100)}"`;
  throw unusable(`${what}s`, `has no ${which}`, "Check current-context and the names that its context has.");
}

function refuse(fields: Fields, where: string, table: Refused): void {
  for (const [field, [why, fix]] of Object.entries(table)) {
    if (isSet(fields[field])) throw unusable(`${where}.${field}`, why, fix);
  }
}

function isSet(value: unknown): boolean {
  return value !== undefined && value !== null && value !== "" && value !== false;
}

function isFields(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function textAt(fields: Fields, field: string, shown: string): string | undefined {
  const value = fields[field];
  if (!isSet(value)) return undefined;
  if (typeof value !== "string") throw unusable(shown, "is no text", "Put the value into quotes.");
  return value.trim();
}

/** The PEM text behind a `-data` field. */
function pemAt(fields: Fields, where: string, field: string): string | undefined {
  const value = textAt(fields, field, `${where}.${field}`)?.replaceAll(/\s/g, "");
  if (value === undefined) return undefined;
  const pem = base64.test(value) ? Buffer.from(value, "base64").toString("utf8") : "";
  if (pem.includes("-----BEGIN ")) return pem;
  throw unusable(`${where}.${field}`, "is no PEM in base64", "Encode the PEM file: base64 -w0 FILE.");
}

const base64 = /^[A-Za-z0-9+/]+={0,2}$/;

function unusable(field: string, problem: string, fix: string): RefusedError {
  const message = `The kubeconfig cannot be used: ${field === "" ? "it" : field} ${problem}.`;
  return new RefusedError({ reason: "CredentialsRejected", message, fix });
}
