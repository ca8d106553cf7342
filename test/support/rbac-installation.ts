import { randomUUID, X509Certificate } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { run } from "../../cli/run.ts";
import type { Installation } from "../../cli/verb.ts";
import type { Deps } from "../../core/deps.ts";
import type { ClusterAccess } from "../../core/kubernetes/port.ts";
import { workOn } from "../../core/kubernetes/work.ts";
import { parseBundle, parseCertificate, parseCluster } from "../../core/request.ts";
import { clusterNamespace, type Kind, type ResourceKey } from "../../core/resource.ts";
import type { Issued } from "../../core/rows.ts";
import { rfc3339 } from "../../core/status.ts";
import { openDoor } from "./kubernetes-world.ts";
import { memoryRequests } from "./memory-requests.ts";
import { memoryState } from "./memory-state.ts";
import { makeServerCertificate } from "./test-chain.ts";

/** An installation in memory whose one Cluster is real: the engine's worker and the command line, as they are. */
export async function openRbacInstallation(cluster: string, access: ClusterAccess) {
  const [requests, state] = [memoryRequests(), memoryState()];
  const secrets = new Map<string, string>();
  let aheadMs = 0;
  const clock = { now: () => new Date(Date.now() + aheadMs) };
  const door = await openDoor(access);
  const deps = {
    ...{ instance: "certwright", requests, state, clock },
    chance: { fraction: () => 0.5, uuid: () => randomUUID() },
    log: () => undefined,
    store: async () => ({
      read: async (name: string) => {
        const value = secrets.get(name);
        return value === undefined ? undefined : { value, versionId: "1" };
      },
    }),
    kubernetes: async () => door,
    fieldManager: "certwright-certwright-000000000000-eu-central-1",
    pause: (ms: number) => sleep(ms),
  } as unknown as Deps;
  const installation = {
    ...{ instance: "certwright", requests, state, clock },
    roleArn: (folder: string) => `arn:aws:iam::000000000000:role/certwright-${folder}`,
  } as unknown as Installation;
  const keyOf = (kind: Kind, name: string, namespace = clusterNamespace): ResourceKey => ({ namespace, kind, name });
  const put = async (key: ResourceKey, spec: unknown) => {
    await requests.put({ key, apiVersion: "certwright.dev/v1", spec });
    return { key, apiVersion: "certwright.dev/v1", metadata: undefined, spec };
  };
  const ready = { type: "Ready", status: "Unknown", reason: "Pending", message: "" } as const;
  const rowOf = (key: ResourceKey, specHash: string) => {
    const lastTransitionTime = rfc3339(clock.now());
    return { key, schema: 1, generation: 1, specHash, ready: { ...ready, lastTransitionTime } };
  };
  const wakeMirror = (namespace: string, name: string) => state.wakeMirror(cluster, { namespace, name }, clock.now());
  return {
    state,
    wakeMirror,
    wakeBundle: (name: string) => state.wakePlacedBundle(cluster, name, clock.now()),
    /** Time passes for us alone. */
    ahead: (ms: number) => {
      aheadMs += ms;
    },
    putCluster: async (spec: unknown) => {
      const parsed = parseCluster(await put(keyOf("Cluster", cluster), spec));
      if (!parsed.ok) throw new Error(JSON.stringify(parsed.faults));
      const { key, specHash, spec: read } = parsed.resource;
      const version = (await state.cluster(key))?.version ?? 0;
      await state.putCluster({ ...rowOf(key, specHash), version, spec: read, dueAt: clock.now().getTime() });
    },
    putBundle: async (name: string, spec: unknown) => {
      const parsed = parseBundle(await put(keyOf("Bundle", name), spec));
      if (!parsed.ok) throw new Error(JSON.stringify(parsed.faults));
      const { key, specHash, spec: read } = parsed.resource;
      const version = (await state.bundle(key))?.version ?? 0;
      await state.putBundle({ ...rowOf(key, specHash), version, spec: read });
      await state.wakePlacedBundle(cluster, name, clock.now());
    },
    deleteBundle: async (name: string) => {
      const key = keyOf("Bundle", name);
      await requests.delete(key);
      const row = await state.bundle(key);
      if (row) await state.putBundle({ ...row, deletedAt: clock.now().getTime() });
      await state.wakePlacedBundle(cluster, name, clock.now());
    },
    /** A Certificate that has just been issued anew. */
    issue: async (namespace: string, name: string, secretName: string) => {
      const spec = { secretName, dnsNames: ["localhost"], issuerRef: { name: "ca" } };
      const parsed = parseCertificate(await put(keyOf("Certificate", name, namespace), spec));
      if (!parsed.ok) throw new Error(JSON.stringify(parsed.faults));
      const { key, specHash } = parsed.resource;
      const before = await state.certificate(key);
      const { cert, key: privateKey } = await makeServerCertificate();
      const value = { "tls.crt": cert, "tls.key": privateKey, metadata: { annotations: {}, labels: {} } };
      secrets.set(`certwright/${namespace}/${secretName}`, JSON.stringify(value));
      await state.putCertificate({
        ...rowOf(key, specHash),
        version: before?.version ?? 0,
        revision: (before?.revision ?? 0) + 1,
        issued: issuedOf(cert, secretName, specHash),
      });
      await wakeMirror(namespace, name);
    },
    deleteCertificate: async (namespace: string, name: string) => {
      await requests.delete(keyOf("Certificate", name, namespace));
      await wakeMirror(namespace, name);
    },
    /** One run of the worker over all that is due; answers what is not in sync afterwards. */
    work: async (): Promise<string[]> => {
      await state.wakeCluster(cluster, clock.now());
      const report = await workOn(deps, cluster, new Date(clock.now().getTime() + 120_000));
      const { mirrors, bundles } = await state.clusterRows(cluster);
      const open = [...mirrors, ...bundles].filter(({ synced }) => synced?.status !== "True");
      const said = open.map((row) => `${"bundle" in row ? row.bundle : row.certificate.name}: ${row.synced?.message}`);
      return report.did === "worked" && report.ready === "Ready" ? said : [JSON.stringify(report), ...said];
    },
    certwright: async (...argv: string[]): Promise<string> => {
      const [out, err]: [string[], string[]] = [[], []];
      const colour = { out: false, err: false };
      const io = { out: (text: string) => void out.push(text), err: (text: string) => void err.push(text), colour };
      const world = { io: { ...io, readStdin: async () => "" }, connect: async () => installation };
      const code = await run(argv, { ...world, untilStopped: () => new AbortController().signal });
      if (code !== 0) throw new Error(err.join("\n"));
      return out.join("\n");
    },
  };
}

function issuedOf(cert: string, secretName: string, specHash: string): Issued {
  const { fingerprint256, validFromDate, validToDate } = new X509Certificate(cert);
  return {
    ...{ specHash, secretName, attemptId: "1", store: "secretsManager", secretArn: "arn", versionId: "1" },
    notBefore: validFromDate.getTime(),
    notAfter: validToDate.getTime(),
    renewalTime: validToDate.getTime(),
    fingerprint: fingerprint256.replaceAll(":", "").toLowerCase(),
  };
}
