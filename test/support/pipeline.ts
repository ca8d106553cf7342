import { readFileSync } from "node:fs";
import * as dnsAdapters from "../../adapters/dns/index.ts";
import { makeCsr } from "../../adapters/keys/csr.ts";
import { makePrivateKey } from "../../adapters/keys/private-key.ts";
import { jksKeystore } from "../../adapters/trust/jks-keystore.ts";
import { pkcs12Keystore } from "../../adapters/trust/pkcs12-keystore.ts";
import { keyInSecret } from "../../core/account-key.ts";
import { apiVersionsOf } from "../../core/api-versions.ts";
import { checkCertificates } from "../../core/check-certificates.ts";
import { checkIssuer } from "../../core/check-issuer.ts";
import type { Deps, KeyMaker } from "../../core/deps.ts";
import { dispatch } from "../../core/dispatch/dispatch.ts";
import { issuersOfSecret } from "../../core/issuers-of-secret.ts";
import type { SyncOrder } from "../../core/kubernetes/state.ts";
import type { ExecutionInput, Fact } from "../../core/ports.ts";
import { parseId, type ResourceKey } from "../../core/resource.ts";
import { resync } from "../../core/resync.ts";
import { revokeCertificate } from "../../core/revocation/revoke.ts";
import { rewriteSecrets } from "../../core/rewrite/rewrite-secret.ts";
import type { CertificateRow, StoreName } from "../../core/rows.ts";
import { checkPropagation } from "../../core/steps/check-propagation.ts";
import { cleanUpChallenge } from "../../core/steps/clean-up-challenge.ts";
import { createOrder } from "../../core/steps/create-order.ts";
import { finalizeOrder } from "../../core/steps/finalize-order.ts";
import { prepare } from "../../core/steps/prepare.ts";
import { publishChallenge } from "../../core/steps/publish-challenge.ts";
import { runBatchStep, runStep, type StepInput } from "../../core/steps/run.ts";
import { sign } from "../../core/steps/sign.ts";
import { validateChallenge } from "../../core/steps/validate-challenge.ts";
import { writeSecret } from "../../core/steps/write-secret.ts";
import { sweep } from "../../core/sweep.ts";
import { cleanUpInput, stepInput } from "../../functions/runtime/inputs.ts";
import { createCa } from "./acme-ca.ts";
import type { TestCa } from "./acme-ca-state.ts";
import { execute, type Machine } from "./asl.ts";
import { memoryAcme, memoryRenewalInfo } from "./memory-acme.ts";
import { memoryDns } from "./memory-dns.ts";
import { memoryLookup } from "./memory-lookup.ts";
import { memoryRequests } from "./memory-requests.ts";
import { memorySealer } from "./memory-sealer.ts";
import { memorySecretStore } from "./memory-secret-store.ts";
import { memoryState } from "./memory-state.ts";
import { signers } from "./signers.ts";
import { virtualTime } from "./virtual-time.ts";
import { type Visit, type Web, webOf } from "./web-of-names.ts";

const machine = JSON.parse(
  readFileSync(new URL("../../state-machines/issue-certificates.asl.json", import.meta.url), "utf8"),
) as Machine;

export type Pipeline = Awaited<ReturnType<typeof openPipeline>>;

/** Called before a task runs; may throw, or change the world, as a fault would. */
export type Hook = (task: string, input: unknown, run: () => Promise<unknown>) => Promise<unknown>;

/** Called for every invocation of a Lambda, a task's too: may run it with deps of its own, again, later or never. */
export type Around = (
  call: { name: string; payload: unknown; deps: Deps },
  run: (deps: Deps) => Promise<unknown>,
) => Promise<unknown>;

export interface PipelineOptions {
  zones?: string[];
  start?: Date;
  hook?: Hook;
  around?: Around;
  /** 0: only the test sweeps. */
  sweepSeconds?: number;
  keys?: KeyMaker;
  /** A CA that others used before; it must follow this pipeline's clock and records by itself. */
  ca?: TestCa;
  /** What stands before serve-challenge: the user's web server, whose answer it may change. */
  web?: Web;
  /** The look at HTTP01 answers; undefined inside where no function serves them. */
  answers?: (visit: Visit) => Deps["answers"];
  /** What is at the URLs of revocation lists. */
  revocationList?: Deps["revocationList"];
  /** What sync-kubernetes does, by order or by fact; without it the orders are only noted. */
  syncKubernetes?: (deps: Deps, order: SyncOrder) => Promise<unknown>;
  kubernetes?: Partial<KubernetesDeps>;
}

type KubernetesDeps = Pick<Deps, "kubernetes" | "fieldManager" | "trust" | "pause">;

/**
 * The whole pipeline in memory under a virtual clock: the real rules, steps and state machine over the fakes that pass the
 * contracts. What AWS does between the functions (stream, schedule, executions) is played here.
 */
export async function openPipeline(options: PipelineOptions = {}) {
  const time = virtualTime(options.start ?? new Date("2026-11-22T12:00:00Z"));
  const clock = { now: time.now };
  const dns = memoryDns(options.zones ?? ["example.test"], clock);
  const lookup = memoryLookup({ clock, texts: dns.values, zones: options.zones ?? ["example.test"] });
  const requests = memoryRequests();
  const state = memoryState();
  const { visit, fetchAnswer, look } = webOf(state, options.web);
  const world = { clock, baseUrl: "https://memory.test", lookupTxt: lookup.texts, fetchAnswer };
  const ca = options.ca ?? (await createCa(world));
  const stores = { secretsManager: memorySecretStore(), s3: memorySecretStore() };
  const facts: Fact[] = [];
  const logs: Record<string, unknown>[] = [];
  const executions: { input: ExecutionInput; entered: string[]; status: string }[] = [];
  const syncs: SyncOrder[] = [];
  const started = new Set<string>();
  let ids = 0;
  const keys: ResourceKey[] = [];

  const uuid = () => {
    ids += 1;
    return `00000000-0000-4000-8000-${String(ids).padStart(12, "0")}`;
  };
  const invoked = (name: string, payload: unknown, run: (deps: Deps) => Promise<unknown>) =>
    options.around ? options.around({ name, payload, deps }, run) : run(deps);
  const start = (name: string, payload: unknown, run: (deps: Deps) => Promise<unknown>) =>
    time.spawn(() => invoked(name, payload, run));
  const sweepNow = () => start("sweep", undefined, sweep);
  const deliver = (keys: ResourceKey[]) => start("stream", keys, (own) => dispatch(own, keys));
  const syncOf = (order: SyncOrder) =>
    start("sync-kubernetes", order, async (own) => options.syncKubernetes?.(own, order));
  /** The other rule on the bus. */
  const newCa = ({ detail }: Fact) =>
    start("check-issuer", detail, async (own) => {
      const secret = { namespace: String(detail.namespace), secretName: String(detail.secretName) };
      for (const key of await issuersOfSecret(own, secret)) await checkIssuer(own, key);
    });
  const deps: Deps = {
    instance: "certwright",
    defaultStore: "secretsManager",
    policy: {},
    dnsAdapters,
    clock,
    chance: { fraction: () => 0.5, uuid },
    requests,
    state,
    events: {
      publish: async (published) => {
        facts.push(...published.filter(({ type }) => type !== "Cluster Sync Requested"));
        for (const ca of published.filter(({ detail }) => detail.isCA === true)) newCa(ca);
        if (options.syncKubernetes) for (const order of published.flatMap(orderOf)) syncOf(order);
      },
    },
    starter: {
      executionArn: (leaseId) =>
        `arn:aws:states:us-east-1:000000000000:execution:certwright-issue-certificates:${leaseId}`,
      startIssuance: async (input) => {
        // The name of an execution is its lease: a repeat starts nothing.
        if (started.has(input.leaseId)) return;
        started.add(input.leaseId);
        time.spawn(() => runExecution(input));
      },
      dispatch: async (handed) => start("dispatch", handed, (own) => dispatch(own, handed)),
      sweep: async () => sweepNow(),
      checkIssuer: async (key) => start("check-issuer", key, (own) => checkIssuer(own, key)),
      checkCertificates: async (handed) => start("check-certificates", handed, (own) => checkCertificates(own, handed)),
      cleanUp: async (attempts, issuer) =>
        start("clean-up", { attempts, issuer }, (own) => cleanUpChallenge(own, { attempts, issuer })),
      revoke: async (ref) => start("revoke-certificate", { ref }, (own) => revokeCertificate(own, ref)),
      syncKubernetes: async (order) => {
        syncs.push(order);
        syncOf(order);
      },
      rewriteSecrets: async (handed) => start("rewrite-secret", handed, (own) => rewriteSecrets(own, handed)),
    },
    log: (line) => void logs.push(line),
    store: async (name: StoreName) => stores[name],
    sealer: async () => memorySealer(),
    keys: options.keys ?? { privateKey: makePrivateKey, csr: makeCsr },
    keystores: {
      jks: async (content, how) => jksKeystore(content, how),
      pkcs12: async (content, how) => pkcs12Keystore(content, how),
    },
    signers,
    clusterResourceNamespace: "cert-manager",
    acme: async (issuer) => {
      const name = `certwright/${issuer.key.namespace}/${issuer.acme?.keySecretName}`;
      const secret = await stores.secretsManager.read(name);
      const accountKeyPem = keyInSecret(secret?.value ?? "{}", name, "tls.key", issuer.acme?.keyThumbprint);
      return memoryAcme(ca, { accountKeyPem, accountUrl: issuer.acme?.accountUrl, clock });
    },
    acmeRegistrar: async ({ accountKeyPem }) => memoryAcme(ca, { accountKeyPem, clock }),
    renewalInfo: async () => memoryRenewalInfo(ca, clock),
    revocationList: options.revocationList ?? none,
    dns: async () => dns,
    lookup,
    answers: options.answers ? options.answers(visit) : { look },
    ...withoutClusters,
    ...options.kubernetes,
  };

  const tasks: Record<string, (deps: Deps, input: StepInput) => Promise<unknown>> = {
    Prepare: (deps, input) => runStep(deps, "prepare", input, prepare, 4),
    CreateOrder: (deps, input) => runStep(deps, "create-order", input, createOrder),
    PublishChallenge: (deps, input) => runBatchStep(deps, "publish-challenge", input, publishChallenge),
    CheckPropagation: (deps, input) => runBatchStep(deps, "check-propagation", input, checkPropagation),
    ValidateChallenge: (deps, input) => runStep(deps, "validate-challenge", input, validateChallenge),
    FinalizeOrder: (deps, input) => runStep(deps, "finalize-order", input, finalizeOrder),
    Sign: (deps, input) => runBatchStep(deps, "sign", input, sign),
    WriteSecret: (deps, input) => runBatchStep(deps, "write-secret", input, writeSecret),
  };

  function invoke(functionName: string, payload: unknown): Promise<unknown> {
    const task = functionName.replace(/^\$\{(.*)\}$/, "$1");
    const runWith = async (own: Deps) => {
      if (task !== "CleanUpChallenge") return tasks[task]?.(own, stepInput.parse(payload));
      const input = cleanUpInput.parse(payload);
      return cleanUpChallenge(own, { ...input, failed: input.failed ?? undefined });
    };
    const run = () => invoked(task, payload, runWith);
    return options.hook ? options.hook(task, payload, run) : run();
  }

  async function runExecution(input: ExecutionInput): Promise<void> {
    const execution = { input, entered: [] as string[], status: "RUNNING" };
    executions.push(execution);
    const ended = await execute(machine, input, {
      invoke,
      waitUntil: time.waitUntil,
      now: time.now,
      executionName: input.leaseId,
    });
    Object.assign(execution, { entered: ended.entered, status: ended.status });
  }

  async function sweeping(): Promise<void> {
    for (;;) {
      await time.waitUntil(new Date(time.now().getTime() + (options.sweepSeconds ?? 60) * 1_000));
      await invoked("sweep", undefined, sweep);
    }
  }
  if (options.sweepSeconds !== 0) time.spawn(sweeping);

  const pipeline = {
    ...{ time, ca, dns, lookup, requests, state, stores, facts, logs, executions, syncs, deps, keys },
    /** Writes an object and delivers its stream record. */
    apply: async (id: string, spec: unknown, metadata?: unknown) => {
      const key = keyOf(id);
      const item = { key, apiVersion: apiVersionsOf(key.kind)[0] ?? "", spec };
      await requests.put(metadata === undefined ? item : { ...item, metadata });
      deliver([key]);
    },
    delete: async (id: string) => {
      await requests.delete(keyOf(id));
      deliver([keyOf(id)]);
    },
    row: async (id: string): Promise<CertificateRow | undefined> => state.certificate(keyOf(id)),
    ready: async (id: string) => (await state.certificate(keyOf(id)))?.ready.status === "True",
    /** Delivers stream records in one batch. */
    dispatch: (...ids: string[]) => deliver(ids.map(keyOf)),
    sweep: sweepNow,
    resync: () => start("resync", undefined, resync),
    secret: (namespace: string, name: string, store: StoreName = "secretsManager") =>
      stores[store]
        .read(`certwright/${namespace}/${name}`)
        .then((read) => read && (JSON.parse(read.value) as Record<string, string>)),
    /** A ClusterIssuer at the CA in memory. */
    issuer: (name = "ca", more: Record<string, unknown> = {}) =>
      pipeline.apply(`_cluster/ClusterIssuer/${name}`, {
        acme: {
          server: "https://memory.test/directory",
          privateKeySecretRef: { name: `${name}-account` },
          profile: "default",
          solvers: [{ dns01: { route53: {} } }],
          ...more,
        },
      }),
  };
  return pipeline;
}

/** The rule on the bus. */
function orderOf({ type, detail }: Fact): SyncOrder[] {
  if (type === "Cluster Sync Requested") return [detail as SyncOrder];
  if (type !== "Certificate Deleted") return [];
  return [{ certificates: [{ namespace: String(detail.namespace), name: String(detail.name) }] }];
}

const none = () => Promise.reject(new Error("this pipeline has no such thing"));
const withoutClusters: KubernetesDeps = {
  kubernetes: none,
  fieldManager: "certwright-certwright-000000000000-us-east-1",
  trust: { defaultCAs: none, jks: none, pkcs12: none },
  pause: async () => {},
};

function keyOf(id: string): ResourceKey {
  const key = parseId(id.split("/").length === 2 ? id.replace("/", "/Certificate/") : id);
  if (!key) throw new Error(`not an id: ${id}`);
  return key;
}
