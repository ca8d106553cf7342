import { vi } from "vitest";
import type { FaultRule } from "../../../local/faults.ts";
import type { Manifest } from "../../../local/requests.ts";
import { certificate, type openBed } from "../integration-bed.ts";
import { attemptsOf } from "../issuance-counts.ts";
import { expectTold, untilFailed } from "./aws-told.ts";
import { type Effect, titleOf } from "./effects.ts";
import { inWords, issuedOnce, type Most } from "./issued-once.ts";
import type { ChaosRow } from "./rows.ts";

type Bed = ReturnType<typeof openBed>;
type When = "before" | "after";
type Kind = "kill" | "dropReply";

/** What is done to the calls of one effect. */
export interface Blow {
  kind: Kind;
  when: When;
  times?: number;
}

/** One Certificate with an issuer of its own; the function dies once at the effect, or its reply is lost. */
export function struckOnce(bed: Bed, id: string, effect: Effect, blow: Blow, quick = false): ChaosRow {
  const { most, why } = mostAfter(effect, blow);
  return {
    fault: faultOf(effect, blow),
    expected: why ? `Ready: ${why}.` : "Ready: the retry goes on with the same order and key.",
    quick,
    run: async () => {
      const name = bed.fresh(id);
      await bed.putIssuer({ name });
      const manifest = wanted(name, name);
      const seen = await struck(bed, effect, name, blow, async () => {
        await bed.put([manifest]);
        return issuedOnce(bed, manifest, most);
      });
      return inWords(seen);
    },
  };
}

/** A renewal by hand during which it happens. */
export function struckAtRenewal(bed: Bed, id: string, effect: Effect, blow: Blow, quick = false): ChaosRow {
  return {
    fault: `${faultOf(effect, blow)}, at a renewal`,
    expected: "Ready with revision 2; the secret has two versions and the second is current.",
    quick,
    run: async () => {
      const name = bed.fresh(id);
      await bed.putIssuer({ name });
      const manifest = wanted(name, name);
      await bed.put([manifest]);
      await issuedOnce(bed, manifest);
      const seen = await struck(bed, effect, name, blow, async () => {
        await bed.put([renewed(manifest)]);
        return issuedOnce(bed, manifest, { revision: 2, orders: 2, attempts: 2, versions: 2 });
      });
      return inWords(seen);
    },
  };
}

/** What else of the batch may be repeated, because its neighbour died with it. */
const inBatch: Record<string, Most> = {
  prepare: { attempts: 2 },
  "create-order": { orders: 2 },
  "write-secret": { versions: 2 },
};

/**
 * Two Certificates in one batch; the function dies at the effect of one of them, and again on Step Functions' retry. The
 * execution gives both back, and each goes on in an execution of its own.
 */
export function struckTwice(bed: Bed, id: string, effect: Effect, when: When): ChaosRow {
  const blow: Blow = { kind: "kill", when, times: 2 };
  const { most, why } = mostAfter(effect, blow);
  return {
    fault: `${faultOf(effect, blow)}, and again on the retry`,
    expected: `Both of the batch Ready, each in an execution of its own${why ? `; ${why}` : ", with its order and key"}.`,
    run: async () => {
      const name = bed.fresh(id);
      const victim = wanted(`${name}-a`, name);
      const neighbour = wanted(`${name}-b`, name);
      await bed.put([victim, neighbour]);
      await bed.shown([victim, neighbour], ({ ready }) => ready?.reason === "IssuerNotFound");
      const seen = await struck(bed, effect, victim.metadata.name, blow, async () => {
        await bed.putIssuer({ name });
        await issuedOnce(bed, neighbour, inBatch[effect.by]);
        return issuedOnce(bed, victim, most);
      });
      await startedAlone(bed, victim.metadata.name);
      return `${inWords(seen)}; its neighbour Ready too`;
    },
  };
}

/** A Certificate alone in its execution: it waits for the backoff, and says so. */
export function struckAlone(bed: Bed, id: string, effect: Effect, when: When): ChaosRow {
  const blow: Blow = { kind: "kill", when, times: 2 };
  return {
    fault: `${faultOf(effect, blow)}, alone in its execution, and again on the retry`,
    expected: "Not Ready, InternalError, and describe says when the next try is; a minute later Ready.",
    run: async () => {
      const name = bed.fresh(id);
      await bed.putIssuer({ name });
      const manifest = wanted(name, name);
      const seen = await struck(bed, effect, name, blow, async () => {
        await bed.put([manifest]);
        await untilFailed(bed.stack, manifest, { reason: "InternalError" });
        await expectTold(bed.stack, manifest, { reason: "InternalError", words: [/see the logs and docs\/runbook/] });
        return issuedOnce(bed, manifest, mostAfter(effect, blow).most);
      });
      return `InternalError with the time of the next try, then Ready; ${inWords(seen)}`;
    },
  };
}

/** Nothing of the clean-up is lost: the sweep does it again within the hour, here at once. */
export function struckInCleanUp(bed: Bed, id: string, effect: Effect, blow: Blow): ChaosRow {
  const again = blow.kind === "kill" ? ", and again on the retry" : "";
  return {
    fault: `${faultOf(effect, blow)}${again}`,
    expected: "Ready all the same; within the hour the sweep does the clean-up (the row makes it due at once).",
    run: async () => {
      const { stack, fresh } = bed;
      const name = fresh(id);
      await bed.putIssuer({ name });
      const manifest = wanted(name, name);
      const fault = await armed(bed, effect, name, blow);
      await bed.put([manifest]);
      await bed.ready([manifest]);
      await fault.struck();
      const [attempt] = await attemptsOf(stack, manifest);
      const inMs = (attempt?.dueAt ?? 0) - Date.now();
      if (!attempt?.hasRecords || inMs <= 0 || inMs > 3_600_000)
        throw new Error(`nothing is left to the sweep: ${JSON.stringify(attempt)}`);
      await stack.state.postponeRecords(attempt.ref, Date.now());
      return fault.after(async () => inWords(await issuedOnce(bed, manifest)));
    },
  };
}

async function struck<Out>(bed: Bed, effect: Effect, name: string, blow: Blow, run: () => Promise<Out>): Promise<Out> {
  return (await armed(bed, effect, name, blow)).after(run);
}

/** Sets the fault for one Certificate. */
export async function armed(bed: Bed, effect: Effect, name: string, { kind, when, times = 1 }: Blow) {
  const { stack } = bed;
  const hold: Pick<FaultRule, "hold"> = when === "after" ? { hold: "reply" } : {};
  const id = await stack[kind]({ ...effect.call(name), function: effect.by }, { times, ...hold });
  const met = async () => (await stack.faults()).find((fault) => fault.id === id)?.met ?? 0;
  return {
    /** Resolves once it met all calls that it is for, or so many. */
    struck: (count = times) => vi.waitUntil(async () => (await met()) >= count, { timeout: 60_000, interval: 50 }),
    /** Does the rest, throws when the fault did not meet its calls, and ends it. */
    after: async <Out>(run: () => Promise<Out>): Promise<Out> => {
      try {
        const seen = await run();
        if ((await met()) !== times) throw new Error(`the fault met ${await met()} calls, not ${times}`);
        return seen;
      } finally {
        await stack.removeFault(id);
      }
    },
  };
}

/** An execution for it and nobody else was started, after the one for both. */
async function startedAlone({ stack }: Bed, name: string): Promise<void> {
  const started = await stack.calls({ service: "states", action: "StartExecution", contains: name });
  const inputs = started.map(({ parameters }) => JSON.parse((parameters as { input: string }).input));
  const sizes = inputs.map(({ attempts }: { attempts: unknown[] }) => attempts.length);
  if (sizes[0] !== 2 || !sizes.includes(1)) throw new Error(`executions of ${JSON.stringify(sizes)} Certificates`);
}

function mostAfter(effect: Effect, { kind, when, times = 1 }: Blow): { most: Most; why?: string } {
  const again = kind === "kill" && times > 1 ? effect.twice : undefined;
  const { why, ...most } = (effect[when] && again) ?? effect[when] ?? { why: "" };
  return { most, why };
}

/** `Prepare dies after GenerateDataKey`. */
export function faultOf({ by, what }: Effect, { kind, when, times = 1 }: Blow): string {
  if (kind === "dropReply" && times > 1) return `${times} replies to ${what} are lost (${titleOf(by)})`;
  return kind === "kill" ? `${titleOf(by)} dies ${when} ${what}` : `The reply to ${what} is lost (${titleOf(by)})`;
}

/** Everything of it has one name, by which faults find its calls. */
export function wanted(name: string, issuer: string): Manifest {
  return certificate({ name, namespace: name, issuer, dnsNames: [`${name}.example.test`] });
}

function renewed(manifest: Manifest): Manifest {
  const annotations = { "certwright.dev/renew-requested-at": new Date().toISOString() };
  return { ...manifest, metadata: { ...manifest.metadata, annotations } };
}
