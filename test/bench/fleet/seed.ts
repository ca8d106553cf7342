import { refOf } from "../../../core/attempt-ref.ts";
import { renewalTime } from "../../../core/renewal.ts";
import { idOf, type ResourceKey } from "../../../core/resource.ts";
import type { CertificateRow } from "../../../core/rows.ts";
import { specHash } from "../../../core/spec-hash.ts";
import { instance } from "./environment.ts";
import { meter } from "./meter.ts";
import { fleetRequests, fleetState } from "./state.ts";
import { openStream, type World } from "./world.ts";

/** How many certificates there are, and over how many registered domains and hosted zones they are spread. */
export interface FleetShape {
  certificates: number;
  domains: number;
  zones: number;
}

/** `.np` and everything right below it is a public suffix: a zone there may hold any number of registered domains. */
const suffix = "np";
const namespaces = 50;

/** The hosted zones of a fleet. */
export function zoneNames({ zones }: FleetShape): string[] {
  return Array.from({ length: zones }, (_, zone) => `z${digits(zone, 4)}.${suffix}`);
}

/** The DNS name of a certificate; all names are equally long. */
export function dnsName({ domains, zones }: FleetShape, index: number): string {
  const domain = index % domains;
  return `c${digits(index, 6)}.d${digits(domain, 6)}.z${digits(domain % zones, 4)}.${suffix}`;
}

export function certificateKey(index: number): ResourceKey {
  return { namespace: `team-${digits(index % namespaces, 2)}`, kind: "Certificate", name: `c${digits(index, 6)}` };
}

const issuerKey: ResourceKey = { namespace: "_cluster", kind: "ClusterIssuer", name: "letsencrypt" };

/** Writes past Lambda and the bill: what users wrote, and what was there before the run. */
export function hand(world: World) {
  const free = { used: meter(), pause: async () => undefined };
  return {
    requests: fleetRequests(world.outside.requests.open(free)),
    state: fleetState(world.outside.state.open(free), world.clock),
  };
}

/** Puts the issuer and waits until it is ready. */
export async function readyIssuer(world: World): Promise<void> {
  const { requests, state } = hand(world);
  const spec = {
    acme: {
      // The bill of asking is computed (docs/decisions), not simulated.
      renewalInformationSource: "None",
      server: `${world.ca.shape.base}/directory`,
      email: "ops@example.com",
      profile: "shortlived",
      privateKeySecretRef: { name: "letsencrypt-account" },
      solvers: [{ dns01: { route53: {} } }],
    },
  };
  await requests.put({ key: issuerKey, apiVersion: "cert-manager.io/v1", spec });
  openStream(world)([issuerKey]);
  await world.clock.run(world.clock.at() + 60_000);
  const row = await state.issuer(issuerKey);
  if (row?.ready.status !== "True") throw new Error(`the issuer is not ready: ${row?.ready.message}`);
}

/** The object a user writes for a certificate. */
export function request(fleet: FleetShape, index: number, annotations?: Record<string, string>) {
  const key = certificateKey(index);
  return {
    key,
    apiVersion: "cert-manager.io/v1",
    spec: {
      secretName: `${key.name}-tls`,
      dnsNames: [dnsName(fleet, index)],
      issuerRef: { name: issuerKey.name, kind: issuerKey.kind },
      privateKey: { algorithm: "ECDSA" },
    },
    ...(annotations ? { metadata: { annotations } } : {}),
  };
}

/**
 * A fleet that was issued before the run, evenly over the time between two renewals: copies of what the pipeline made of one
 * certificate, each with its own names, times and chain.
 */
export async function seedIssued(world: World, fleet: FleetShape): Promise<void> {
  const model = await issueModel(world, fleet);
  const { lifetimeMs } = world.ca.shape;
  for (let index = 1; index < fleet.certificates; index += 1) {
    const fraction = world.outside.fraction();
    // Of its own time between two renewals: none is overdue when the run begins.
    const age = (index / fleet.certificates) * (renewalTime({ notBefore: 0, notAfter: lifetimeMs, fraction }).at ?? 0);
    await copyModel(world, fleet, model, index, { notBefore: world.clock.at() - age, fraction });
  }
}

interface Model {
  row: CertificateRow;
  issued: NonNullable<CertificateRow["issued"]>;
}

/** The first certificate goes through the pipeline itself. */
async function issueModel(world: World, fleet: FleetShape): Promise<Model> {
  const { requests, state } = hand(world);
  const key = certificateKey(0);
  await requests.put(request(fleet, 0));
  openStream(world)([key]);
  await world.clock.run(world.clock.at() + 20 * 60_000);
  const row = await state.certificate(key);
  if (!row?.issued) throw new Error(`the first certificate was not issued: ${row?.issuing?.message}`);
  return { row, issued: row.issued };
}

async function copyModel(
  world: World,
  fleet: FleetShape,
  { row, issued }: Model,
  index: number,
  { notBefore, fraction }: { notBefore: number; fraction: number },
): Promise<void> {
  const { requests, state } = hand(world);
  const key = certificateKey(index);
  const { namespace, name } = key;
  const attemptId = world.outside.uuid();
  const ref = { namespace, name, attemptId };
  const secretName = `${name}-tls`;
  const names = [dnsName(fleet, index)];
  const asked = request(fleet, index);
  await requests.put(asked);
  const hash = specHash({ metadata: undefined, ...asked });
  const notAfter = notBefore + world.ca.shape.lifetimeMs;
  const life = { notBefore: wholeSecond(notBefore), notAfter: wholeSecond(notAfter) };
  const renewal = renewalTime({ ...life, fraction }).at ?? life.notAfter;
  const versionId = addSecret(
    world,
    `${instance}/${namespace}/${secretName}`,
    `${namespace}/Certificate/${name}`,
    attemptId,
  );
  const own = { ...life, attemptId, secretName, renewalTime: renewal, versionId, specHash: hash };
  await state.putCertificate({
    ...row,
    ...{ key, version: 0, specHash: hash, dueAt: renewal, lane: "renew" },
    issued: { ...issued, ...own, secretArn: issued.secretArn.replaceAll(row.key.name, name) },
    recentIssuances: [life.notBefore],
  });
  const csrs = await state.csrs([refOf(row.key, issued.attemptId)]);
  const csr = csrs.get(issued.attemptId);
  if (!csr) throw new Error("the model has no request");
  await state.putCsr(ref, { ...csr, names, asked: { ...csr.asked, dnsNames: names } });
  const chain = world.ca.formerly(names, life.notBefore);
  await state.putChain(ref, { chain }, life.notAfter / 1_000 + 30 * 86_400);
  await state.claimSecret({ namespace, secretName, owner: `Certificate/${name}`, store: world.outside.store });
}

/** The secret that the row speaks of; answers its version. */
function addSecret({ outside }: World, name: string, owner: string, attemptId: string): string {
  const [namespace = ""] = owner.split("/");
  const tags = { "certwright:owner": owner, "certwright:namespace": namespace, "certwright:issuer": idOf(issuerKey) };
  if (outside.store === "secretsManager") {
    const list = Object.entries(tags).map(([Key, Value]) => ({ Key, Value }));
    outside.secrets.secrets.set(name, { tags: list, current: attemptId, value: undefined });
    return attemptId;
  }
  const versionId = `v-${attemptId}`.slice(-32);
  outside.objects.set(name, { versionId, token: attemptId, tags: new URLSearchParams(tags).toString(), bytes: 4_000 });
  return versionId;
}

function wholeSecond(at: number): number {
  return Math.floor(at / 1_000) * 1_000;
}

function digits(value: number, width: number): string {
  return String(value).padStart(width, "0");
}
