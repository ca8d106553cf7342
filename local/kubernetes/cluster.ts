import { join } from "node:path";
import type { ClusterAccess } from "../../core/kubernetes/port.ts";
import type { Authority, Identity } from "../certificate-authority.ts";
import { createAuthority } from "../certificate-authority.ts";
import type { Launched } from "../launch.ts";
import { untilReady } from "../launch.ts";
import { freePorts, loopback } from "../ports.ts";
import type { KubernetesClient } from "./client.ts";
import { createKubernetesClient } from "./client.ts";
import type { ClusterFiles, ClusterPorts } from "./processes.ts";
import { etcdIsReady, launchApiserver, launchEtcd, writeFiles } from "./processes.ts";
import { createServiceAccountKey, signToken } from "./service-account-key.ts";

/** A real Kubernetes apiserver with its etcd, RBAC on, and nothing else: no controllers, no nodes. */
export interface LocalCluster {
  name: string;
  /** As a member of system:masters. */
  admin: ClusterAccess;
  /** Every answered request, one JSON line each (audit.k8s.io/v1 Event, level Metadata). */
  auditFile: string;
  /** Those that run. */
  pids(): number[];
  /** A user by client certificate. */
  user(wish: UserWish): Promise<ClusterAccess>;
  /** A token of a ServiceAccount that exists, taken for so long; negative: not any more. */
  token(of: { namespace: string; name: string; uid: string; validSeconds: number }): string;
  /** The processes end, etcd's only with `all`; data and ports stay. */
  down(what?: "apiserver" | "all"): Promise<void>;
  /** What is down starts again; resolves when it is ready. */
  up(): Promise<void>;
  /** The apiserver takes connections and answers nothing, until `resume`. */
  pause(): void;
  resume(): void;
  stop(): Promise<void>;
}

/** Whom a client certificate names; groups are its organizations. */
export interface UserWish {
  name: string;
  groups?: string[];
  /** From now on, by default a day; negative: it has expired. */
  validSeconds?: number;
}

/** Where a cluster writes, and how it runs. */
export interface ClusterFolders {
  /** Its data and keys: a folder under the `tmp` of a run, which goes with the run. */
  folder: string;
  /** Its logs, called `kubernetes-<name>-...log`. */
  logs: string;
  /** What the apiserver is started with besides. */
  apiserverFlags?: Record<string, string>;
}

/** Starts a cluster on free ports of 127.0.0.1; resolves when it is ready. */
export async function startCluster(name: string, folders: ClusterFolders): Promise<LocalCluster> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await startOnce(name, { ...folders, folder: join(folders.folder, String(attempt)) });
    } catch (error) {
      // Somebody else took a port after we found it free.
      const isTaken = error instanceof Error && error.message.includes("already in use");
      if (!isTaken || attempt === 3) throw error;
    }
  }
}

async function startOnce(name: string, folders: ClusterFolders): Promise<LocalCluster> {
  const [client = 0, peer = 0, secure = 0] = await freePorts(3);
  const ports: ClusterPorts = { client, peer, secure };
  const authority = await createAuthority(`kubernetes ${name}`);
  const serviceAccounts = createServiceAccountKey();
  const address = { server: `https://${loopback}:${secure}`, caBundle: authority.caCertificate };
  const admin = { ...address, credentials: credentialsOf(await issueAdmin(authority)) };
  const files = writeFiles(name, folders, { authority, server: await issueServer(authority), serviceAccounts });
  const running = createRunning(name, { files, ports, admin, flags: folders.apiserverFlags });
  try {
    await running.up();
  } catch (error) {
    await running.stop();
    throw error;
  }
  const now = () => Math.floor(Date.now() / 1000);
  return {
    ...{ name, admin, auditFile: files.auditFile },
    ...running,
    user: async (wish) => ({ ...address, credentials: credentialsOf(await issueUser(authority, wish)) }),
    token: ({ validSeconds, ...account }) => {
      const expiresAt = now() + validSeconds - leewaySeconds;
      return signToken(serviceAccounts, { ...account, issuedAt: Math.min(now(), expiresAt) - 60, expiresAt });
    },
  };
}

const readyWithinMs = 60_000;
/** For so long an apiserver takes a token that has expired. */
const leewaySeconds = 60;

interface Parts {
  files: ClusterFiles;
  ports: ClusterPorts;
  admin: ClusterAccess;
  flags: Record<string, string> | undefined;
}

function createRunning(name: string, { files, ports, admin, flags }: Parts) {
  const client = createKubernetesClient(admin);
  let etcd: Launched | undefined;
  let apiserver: Launched | undefined;
  const signal = (which: "SIGSTOP" | "SIGCONT") => {
    if (apiserver && !apiserver.hasExited()) process.kill(apiserver.pid, which);
  };
  const down = async (what: "apiserver" | "all" = "all") => {
    // At once: it would wait for its clients.
    await apiserver?.stop(0);
    apiserver = undefined;
    if (what === "apiserver") return;
    await etcd?.stop();
    etcd = undefined;
  };
  const up = async () => {
    etcd ??= launchEtcd(files, ports);
    apiserver ??= launchApiserver(files, ports, flags);
    const shared = { withinMs: readyWithinMs };
    await Promise.all([
      untilReady(`etcd of ${name}`, etcd, { ...shared, logFile: files.etcdLog, ask: () => etcdIsReady(ports) }),
      untilReady(`apiserver of ${name}`, apiserver, {
        ...shared,
        logFile: files.apiserverLog,
        ask: () => isReady(client),
      }),
    ]);
  };
  const pids = () => [etcd, apiserver].flatMap((one) => (one ? [one.pid] : []));
  return { pids, down, up, pause: () => signal("SIGSTOP"), resume: () => signal("SIGCONT"), stop: () => down() };
}

// /readyz says nothing of the namespace that the apiserver makes a moment later.
async function isReady({ ask, get }: KubernetesClient): Promise<boolean> {
  return (await ask("GET", "/readyz")) === "ok" && (await get("/api/v1/namespaces/default")) !== undefined;
}

function issueAdmin(authority: Authority): Promise<Identity> {
  return authority.issue({ commonName: "admin", organizations: ["system:masters"], usage: "clientAuth" });
}

function issueServer(authority: Authority): Promise<Identity> {
  const names = { dnsNames: ["localhost"], ipAddresses: [loopback] };
  return authority.issue({ commonName: "kube-apiserver", usage: "serverAuth", ...names });
}

const day = 86_400;

function issueUser(authority: Authority, { name, groups = [], validSeconds = day }: UserWish): Promise<Identity> {
  const notAfter = new Date(Date.now() + validSeconds * 1000);
  const notBefore = new Date(Math.min(Date.now(), notAfter.getTime()) - 3_600_000);
  return authority.issue({ commonName: name, organizations: groups, usage: "clientAuth", notBefore, notAfter });
}

function credentialsOf({ certificate, key }: Identity): ClusterAccess["credentials"] {
  return { certificatePem: certificate, keyPem: key };
}
