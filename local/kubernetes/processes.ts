import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Authority, Identity } from "../certificate-authority.ts";
import type { Launched } from "../launch.ts";
import { launch } from "../launch.ts";
import { installed } from "../paths.ts";
import { loopback } from "../ports.ts";
import type { ServiceAccountKey } from "./service-account-key.ts";
import { tokenIssuer } from "./service-account-key.ts";

/** What etcd (`client`, `peer`) and the apiserver (`secure`) listen on. */
export interface ClusterPorts {
  client: number;
  peer: number;
  secure: number;
}

/** Paths of what a cluster reads and writes. */
export interface ClusterFiles {
  folder: string;
  etcdLog: string;
  apiserverLog: string;
  auditFile: string;
  auditPolicy: string;
  caCertificate: string;
  certificate: string;
  key: string;
  serviceAccountKey: string;
  serviceAccountPublicKey: string;
}

/** Writes what the processes read at each start; logs go elsewhere, because the folder goes with the cluster. */
export function writeFiles(
  name: string,
  { folder, logs }: { folder: string; logs: string },
  made: { authority: Authority; server: Identity; serviceAccounts: ServiceAccountKey },
): ClusterFiles {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const log = (what: string) => join(logs, `kubernetes-${name}-${what}.log`);
  const write = (file: string, text: string) => {
    const path = join(folder, file);
    writeFileSync(path, text, { mode: 0o600 });
    return path;
  };
  return {
    folder,
    etcdLog: log("etcd"),
    apiserverLog: log("apiserver"),
    auditFile: log("audit"),
    auditPolicy: write("audit-policy.json", JSON.stringify(auditPolicy)),
    caCertificate: write("ca.pem", made.authority.caCertificate),
    certificate: write("server.pem", made.server.certificate),
    key: write("server-key.pem", made.server.key),
    serviceAccountKey: write("service-accounts-key.pem", made.serviceAccounts.privateKey),
    serviceAccountPublicKey: write("service-accounts.pem", made.serviceAccounts.publicKey),
  };
}

// No bodies, and not what the apiserver asks itself.
const auditPolicy = {
  apiVersion: "audit.k8s.io/v1",
  kind: "Policy",
  omitStages: ["RequestReceived", "ResponseStarted"],
  rules: [{ level: "None", users: ["system:apiserver"] }, { level: "Metadata" }],
};

/** etcd, alone. Its data outlives its end, not the machine's: it does not wait for the disk. */
export function launchEtcd({ folder, etcdLog }: ClusterFiles, { client, peer }: ClusterPorts): Launched {
  const [clients, peers] = [client, peer].map((port) => `http://${loopback}:${port}`);
  return start("etcd", folder, etcdLog, {
    "data-dir": join(folder, "etcd"),
    "listen-client-urls": clients,
    "advertise-client-urls": clients,
    "listen-peer-urls": peers,
    "initial-advertise-peer-urls": peers,
    "initial-cluster": `default=${peers}`,
    "unsafe-no-fsync": "true",
    "log-level": "warn",
  });
}

/** Whether etcd takes writes. */
export async function etcdIsReady({ client }: ClusterPorts): Promise<boolean> {
  return (await fetch(`http://${loopback}:${client}/health`)).ok;
}

/**
 * The apiserver: users by client certificate and ServiceAccount token, rights by RBAC, every request in the audit log.
 * `flags` come on top, without their dashes.
 */
export function launchApiserver(
  files: ClusterFiles,
  { client, secure }: ClusterPorts,
  flags: Record<string, string> = {},
): Launched {
  return start("kube-apiserver", files.folder, files.apiserverLog, {
    "etcd-servers": `http://${loopback}:${client}`,
    "bind-address": loopback,
    "secure-port": String(secure),
    "advertise-address": loopback,
    "endpoint-reconciler-type": "none",
    "cert-dir": join(files.folder, "certificates"),
    "tls-cert-file": files.certificate,
    "tls-private-key-file": files.key,
    "client-ca-file": files.caCertificate,
    "service-account-issuer": tokenIssuer,
    "service-account-signing-key-file": files.serviceAccountKey,
    "service-account-key-file": files.serviceAccountPublicKey,
    "authorization-mode": "RBAC",
    "service-cluster-ip-range": "10.0.0.0/24",
    // It would wait for the ServiceAccounts that a controller makes.
    "disable-admission-plugins": "ServiceAccount",
    "audit-policy-file": files.auditPolicy,
    "audit-log-path": files.auditFile,
    ...flags,
  });
}

function start(name: string, cwd: string, logFile: string, flags: Record<string, string | undefined>): Launched {
  const args = Object.entries(flags).map(([flag, value]) => `--${flag}=${value}`);
  // An apiserver that is asked to end waits for its clients, and for etcd, which ends with us, for ever.
  return launch({ command: join(installed.kubernetes, name), args, env: {}, cwd, logFile, orphanSignal: "SIGKILL" });
}
