import type { AcmeIssuer, Order, OrderRequest } from "../acme-port.ts";
import type { CertificateSpec } from "../certificate.ts";
import { ariCertId } from "../certificate-identity.ts";
import { orderNames } from "../certificate-names.ts";
import type { Challenge } from "../challenge.ts";
import { acmeOf } from "../issuer.ts";
import { done, type Outcome } from "../outcome.ts";
import type { Resource } from "../resource.ts";
import type { AttemptRow } from "../rows.ts";
import { challengeTypes } from "../solver.ts";
import { accountKeyMark, areOfAccountKey } from "./account-key-mark.ts";
import { keepTargets, withTargets } from "./challenge-targets.ts";
import { checkCaa } from "./check-caa.ts";
import { typesFor, withSolvers } from "./pick-solvers.ts";
import { leftBy } from "./publish-challenge.ts";
import { currentRequest, LeaseLost, type Work } from "./work.ts";

/** Order states with which an attempt can go on (RFC 8555 7.1.6). */
const usable = ["pending", "ready", "processing", "valid"];

/** Creates the order, or finds the one this attempt has; its URL is written before anything else is asked. */
export async function createOrder(work: Work): Promise<Outcome> {
  const certificate = await currentRequest(work);
  const acme = await work.acme.open();
  const existing = await existingOrder(work, acme);
  const order = existing ?? (await newOrder(work, acme, certificate));
  if (order.status !== "pending") return proven(work);
  const item = existing || work.hadOrder ? await work.reads.challenges(work.ref) : undefined;
  if (existing && item && areOf(existing, item.challenges) && areOfAccountKey(work, item)) {
    await keepTargets(work, item);
    return done;
  }
  const offered = await acme.challenges(order, challengeTypes);
  const challenges = await withTargets(work, withSolvers(work, certificate, offered));
  const made = { challenges, ...accountKeyMark(work) };
  await work.deps.state.putChallenges(work.ref, { ...made, ...(item && leftBy(item)) });
  return done;
}

/**
 * Another order's are left where a death came between the order and its challenges. None at all cannot be all: a pending
 * order waits for one (the CA said valid of what is not).
 */
function areOf(order: Order, challenges: Challenge[]): boolean {
  return (
    challenges.length > 0 &&
    challenges.every(({ authorizationUrl }) => order.authorizationUrls.includes(authorizationUrl))
  );
}

/** The CA has seen enough: no record is published, and Validate challenge only looks at the order. */
function proven({ row, leaseId }: Work): Outcome {
  row.answeredUnder = leaseId;
  delete row.changes;
  return done;
}

async function existingOrder({ row }: Work, acme: AcmeIssuer): Promise<Order | undefined> {
  if (!row.orderUrl) return undefined;
  const order = await acme.readOrder(row.orderUrl);
  return order && usable.includes(order.status) ? order : undefined;
}

async function newOrder(work: Work, acme: AcmeIssuer, certificate: Resource<CertificateSpec>): Promise<Order> {
  const { row, issuer } = work;
  const spec = acmeOf(issuer);
  const { ipAddresses } = certificate.spec;
  const names = orderNames(certificate.spec);
  await checkCaa(work, names, (name) => typesFor(work, certificate, name));
  const request = {
    names,
    ...(ipAddresses ? { ipAddresses } : {}),
    ...(spec.profile === undefined ? {} : { profile: spec.profile }),
    ...(spec.enableDurationFeature ? endOf(certificate.spec, work.deps.clock.now()) : {}),
  };
  const made = (await lostOrder(work, acme, request)) ?? (await ask(work, acme, request));
  const order = (await madeMeanwhile(work, acme)) ?? made;
  row.orderUrl = order.url;
  row.finalizeUrl = order.finalizeUrl;
  delete row.answeredUnder;
  delete row.propagated;
  await work.save();
  return order;
}

/** As in cert-manager only where the Certificate says a duration. */
function endOf({ durationSeconds, durationIsDefault }: CertificateSpec, now: Date): { notAfter?: Date } {
  return durationIsDefault ? {} : { notAfter: new Date(now.getTime() + durationSeconds * 1_000) };
}

async function ask(work: Work, acme: AcmeIssuer, request: OrderRequest): Promise<Order> {
  const replaces = acme.offersRenewalInfo() ? await replaced(work, request.names) : undefined;
  return acme.createOrder(replaces === undefined ? request : { ...request, replaces });
}

/**
 * An invocation before this one may have died between the CA's answer and our note of it. Only a look: without it a new one
 * is made.
 */
async function lostOrder({ repeated, row }: Work, acme: AcmeIssuer, request: OrderRequest): Promise<Order | undefined> {
  if (row.orderUrl !== undefined || !(repeated || row.bugs)) return undefined;
  return acme.lostOrder(request).catch(() => undefined);
}

/** The CA was slow, and Step Functions has repeated the task: one order stays, the other is left to the CA. */
async function madeMeanwhile({ deps, ref, row }: Work, acme: AcmeIssuer): Promise<Order | undefined> {
  // Only a look: without it the order is written down all the same.
  const rows = await deps.state.attempts([ref]).catch(() => new Map<string, AttemptRow>());
  const now = rows.get(ref.attemptId);
  if (now?.orderUrl === undefined || now.orderUrl === row.orderUrl) return undefined;
  if (now.step !== row.step && now.step !== "create-order") throw new LeaseLost();
  return acme.readOrder(now.orderUrl);
}

/** RFC 9773 5: the certificate in the secret, when the same issuer made it and the orders share a name. */
async function replaced({ deps, key, row, reads }: Work, names: string[]): Promise<string | undefined> {
  const issued = (await reads.certificate(key))?.issued;
  if (!issued) return undefined;
  const ref = { namespace: key.namespace, name: key.name, attemptId: issued.attemptId };
  const [csrs, chain] = await Promise.all([deps.state.csrs([ref]), deps.state.chain(ref)]);
  const asked = csrs.get(issued.attemptId)?.asked;
  const shares = asked?.issuer === row.issuer && asked.dnsNames.some((name) => names.includes(name));
  return chain && shares ? ariCertId(chain.chain) : undefined;
}
