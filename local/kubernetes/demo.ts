import { execFile } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { CreateSecretCommand } from "@aws-sdk/client-secrets-manager";
import { parseAllDocuments } from "yaml";
import type { KubernetesObject } from "../../core/kubernetes/port.ts";
import type { Clients } from "../clients.ts";
import { awsEnvironment } from "../deploy.ts";
import { readKubernetesExamples } from "../examples.ts";
import { installed, root } from "../paths.ts";
import type { Manifest } from "../requests.ts";
import { keyOf, putRequest } from "../requests.ts";
import type { Stack } from "../stack.ts";
import { createKubernetesClient, kubeconfigOf } from "./client.ts";
import type { LocalCluster } from "./cluster.ts";
import { startCluster } from "./cluster.ts";

const run = promisify(execFile);
/** Who certwright is in the cluster. */
const user = "certwright";

/** The cluster of `npm start -- --kubernetes`. */
export interface DemoCluster {
  cluster: LocalCluster;
  /** For kubectl, as the cluster's administrator. */
  kubeconfigFile: string;
}

/** Starts it; its data goes with the run of the stack. */
export async function startDemoCluster(stack: Stack): Promise<DemoCluster> {
  const folder = join(stack.folder, "tmp", "kubernetes");
  const cluster = await startCluster("local", { folder, logs: stack.folder });
  const kubeconfigFile = join(folder, "kubeconfig");
  writeFileSync(kubeconfigFile, kubeconfigOf(cluster.admin), { mode: 0o600 });
  return { cluster, kubeconfigFile };
}

/**
 * Makes it known to certwright as an operator would: credentials as a stored secret, the objects of examples/kubernetes, and
 * in the cluster the rights that `certwright kubernetes rbac` prints. The Certificates must be requested already.
 */
export async function joinCluster(demo: DemoCluster, stack: Stack, clients: Clients, instance: string): Promise<void> {
  const access = await demo.cluster.user({ name: user });
  for (const example of readKubernetesExamples()) {
    const manifest = example.kind === "Cluster" ? addressed(example, demo.cluster) : example;
    if (example.kind === "Cluster") await storeCredentials(clients, instance, example, access.credentials);
    await putRequest(clients.dynamo, `${instance}-requests`, manifest);
    if (example.kind === "Cluster") await grantRights(demo.cluster, stack, example.metadata.name);
  }
}

/** Resolves when the Secrets of these certificates are in the cluster, or the time is over; answers those that are not. */
export async function untilMirrored(
  { cluster }: DemoCluster,
  certificates: Manifest[],
  { withinSeconds, signal }: { withinSeconds: number; signal: AbortSignal },
): Promise<string[]> {
  const client = createKubernetesClient(cluster.admin);
  const wanted = certificates.map(
    (manifest) => `${keyOf(manifest).namespace}/${(manifest.spec as { secretName: string }).secretName}`,
  );
  for (const end = Date.now() + withinSeconds * 1_000; ; ) {
    const there = new Set((await client.list("/api/v1/secrets")).filter(isTls).map(idOf));
    const missing = wanted.filter((id) => !there.has(id));
    if (missing.length === 0 || signal.aborted || Date.now() > end) return missing;
    await sleep(200, undefined, { signal }).catch(() => undefined);
  }
}

/** What `kubectl get secrets -A` prints. */
export async function kubectlGetSecrets({ kubeconfigFile }: DemoCluster): Promise<string> {
  const args = ["--kubeconfig", kubeconfigFile, "--cache-dir", `${kubeconfigFile}.cache`, "get", "secrets", "-A"];
  return (await run(kubectl, args, { env: {} })).stdout;
}

/** The kubectl that was built with the apiserver. */
export const kubectl = join(installed.kubernetes, "kubectl");

function addressed(manifest: Manifest, { admin }: LocalCluster): Manifest {
  const caBundle = Buffer.from(admin.caBundle ?? "").toString("base64");
  return { ...manifest, spec: { ...(manifest.spec as object), server: admin.server, caBundle } };
}

async function storeCredentials(
  { secrets }: Clients,
  instance: string,
  { spec }: Manifest,
  credentials: LocalCluster["admin"]["credentials"],
): Promise<void> {
  if (!("certificatePem" in credentials)) throw new Error("a client certificate was asked for");
  const { auth } = spec as { auth: { clientCertificateSecretRef: { name: string } } };
  const value = { "tls.crt": credentials.certificatePem, "tls.key": credentials.keyPem };
  const Name = `${instance}/_cluster/${auth.clientCertificateSecretRef.name}`;
  await secrets.send(new CreateSecretCommand({ Name, SecretString: JSON.stringify(value) }));
}

async function grantRights({ admin }: LocalCluster, stack: Stack, name: string): Promise<void> {
  const { stdout } = await run(
    process.execPath,
    [join(root, "cli", "main.ts"), "kubernetes", "rbac", name, "--user", user],
    // The emulator itself: what the recorder counts stays certwright's own.
    { env: { ...awsEnvironment(stack.emulatorEndpoint), HOME: stack.folder } },
  );
  const client = createKubernetesClient(admin);
  const objects = parseAllDocuments(stdout).flatMap((one): KubernetesObject[] => one.toJS() ?? []);
  for (const namespace of new Set(objects.flatMap(({ metadata }) => metadata.namespace ?? [])))
    await client.apply({ apiVersion: "v1", kind: "Namespace", metadata: { name: namespace } });
  for (const object of objects) await client.apply(object);
}

function isTls({ type, data }: KubernetesObject): boolean {
  return type === "kubernetes.io/tls" && Boolean((data as Record<string, string>)["tls.crt"]);
}

function idOf({ metadata }: KubernetesObject): string {
  return `${metadata.namespace}/${metadata.name}`;
}
