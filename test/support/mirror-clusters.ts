import { CreateSecretCommand, PutSecretValueCommand } from "@aws-sdk/client-secrets-manager";
import { expect, vi } from "vitest";
import type { KubernetesObject } from "../../core/kubernetes/port.ts";
import type { ClusterRow, MirrorRow } from "../../core/kubernetes/rows.ts";
import { kubeconfigOf } from "../../local/kubernetes/client.ts";
import type { TestStack } from "./integration-bed.ts";
import type { AuditedRequest } from "./kubernetes/audit.ts";
import { mirrorRole } from "./kubernetes/mirror-role.ts";
import type { ClusterUser, TestCluster } from "./kubernetes-bed.ts";

/** Who we are in a real cluster, as Secrets of one namespace need it. */
export async function allowSecretsIn(cluster: TestCluster, namespace: string, user: string): Promise<void> {
  await cluster.applyYaml(mirrorRole(namespace, user));
}

export interface MirrorWish {
  /** Of the Cluster. */
  name: string;
  user: ClusterUser;
  /** Instead of the apiserver's own. */
  server?: string;
  spec?: Record<string, unknown>;
}

export type MirroredCluster = ReturnType<typeof mirroredCluster>;

/** A Cluster of the running stack: its object, its credentials, its row. */
export function mirroredCluster(
  { clients, facts, state, put, delete: remove }: TestStack,
  { name, user, server, spec }: MirrorWish,
) {
  const SecretId = `${facts.instance}/_cluster/${name}`;
  const config = (access: ClusterUser["access"]) =>
    JSON.stringify({ config: kubeconfigOf({ ...access, ...(server === undefined ? {} : { server }) }) });
  const key = { namespace: "_cluster", kind: "Cluster" as const, name };
  const row = () => state.cluster(key);
  const putSpec = (more: Record<string, unknown> = {}) =>
    put({
      apiVersion: "certwright.dev/v1",
      kind: "Cluster",
      metadata: { name },
      spec: { auth: { kubeconfigSecretRef: { name, key: "config" } }, ...spec, ...more },
    });
  return {
    name,
    row,
    put: putSpec,
    delete: () => remove(key),
    /** Stores the credentials and writes the object. */
    create: async () => {
      await clients.secrets.send(new CreateSecretCommand({ Name: SecretId, SecretString: config(user.access) }));
      await putSpec();
    },
    /** New credentials; nobody is told. */
    signInAs: async (other: ClusterUser) => {
      await clients.secrets.send(new PutSecretValueCommand({ SecretId, SecretString: config(other.access) }));
    },
    until: (expected: Partial<ClusterRow> | object, timeout = 20_000): Promise<ClusterRow> =>
      vi.waitFor(
        async () => {
          const found = await row();
          expect(found).toMatchObject(expected);
          return found as ClusterRow;
        },
        { timeout, interval: 200 },
      ),
    mirrors: async (): Promise<MirrorRow[]> => (await state.clusterRows(name)).mirrors,
    /** The condition Synced of a Certificate there, as its owner reads it. */
    untilSynced: (certificate: { namespace: string; name: string }, reason: string, timeout = 20_000) =>
      vi.waitFor(
        async () => {
          const found = (await state.targetsOf(certificate)).find((one) => one.cluster === name);
          expect(found?.synced.reason, found?.synced.message).toBe(reason);
          return found as NonNullable<typeof found>;
        },
        { timeout, interval: 200 },
      ),
  };
}

/** `/api/v1/namespaces/web/secrets/www-tls` */
export function secretPath(namespace: string, name: string): string {
  return `/api/v1/namespaces/${namespace}/secrets/${name}`;
}

export function textOf(secret: KubernetesObject | undefined, key: string): string | undefined {
  const value = (secret?.data as Record<string, string> | undefined)?.[key];
  return value === undefined ? undefined : Buffer.from(value, "base64").toString();
}

/** The most requests that arrived within any span of so many seconds. */
export function mostWithin(requests: Pick<AuditedRequest, "at">[], seconds: number): number {
  const at = requests.map((request) => request.at);
  let most = 0;
  for (let first = 0, last = 0; last < at.length; last += 1) {
    while ((at[last] ?? 0) - (at[first] ?? 0) >= seconds * 1_000) first += 1;
    most = Math.max(most, last - first + 1);
  }
  return most;
}
