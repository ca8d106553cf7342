import type { Deps } from "../deps.ts";
import { isRefusalOf, RefusedError } from "../errors.ts";
import { rfc3339 } from "../status.ts";
import { readWished, type Wished } from "./content.ts";
import { newerThere } from "./leaf.ts";
import { type FieldPath, otherOwners } from "./ownership.ts";
import { mayWrite } from "./permit.ts";
import type { Kubernetes, KubernetesObject } from "./port.ts";
import { differences, hashOf, secretOf, shownPaths, sizeOf, textAt } from "./render.ts";
import type { MirrorRow } from "./rows.ts";
import type { Wanted } from "./wish.ts";

/** What a mirror is made with. */
export interface MirrorWorld {
  deps: Deps;
  kubernetes: Kubernetes;
  mode: "repair" | "report";
  /** The apiserver's URL, when the Cluster says it: another cluster lacks everything. */
  server: string | undefined;
}

type Written = NonNullable<MirrorRow["written"]>;

/** How it stands with one Secret. */
export type Mirrored =
  /** As it should be; `wrote`: it was not before, `over`: another certificate, `repaired`: fields that somebody had changed. */
  | { is: "synced"; written: Written; wrote: boolean; over?: true; repaired?: string }
  /** Somebody changed it, and that is only reported. */
  | { is: "drifted"; fields: string };

/** How often it begins anew when somebody else was faster. */
const rounds = 3;
const mostBytes = 1024 * 1024;

/**
 * Makes the Secret hold what is wanted: one GET when it does, one apply when not. `look`: something may have changed, so the
 * stored secret is read; without it an object that nobody has touched since it was written is enough. Throws RefusedError with
 * the reason why it may not or cannot be written, and what the port and the store throw.
 */
export async function mirror(
  world: MirrorWorld,
  wanted: Wanted,
  { row, look }: { row: MirrorRow; look: boolean },
): Promise<Mirrored> {
  const ref = { kind: "Secret", ...wanted.at } as const;
  let read: Awaited<ReturnType<typeof readWished>> | undefined;
  for (let round = 1; ; round += 1) {
    const there = await world.kubernetes.get(ref);
    if (!look && isUntouched(there, wanted, row.written))
      return { is: "synced", written: row.written as Written, wrote: false };
    const permit = await mayWrite(world.deps, there, wanted, row);
    read ??= await readWished(world.deps, wanted);
    try {
      return await settle({ world, there, row, adopts: permit.adopts, ...read });
    } catch (error) {
      const overtaken = isRefusalOf(error, "ObjectChanged") || isRefusalOf(error, "FieldManagerConflict");
      if (!overtaken || round === rounds) throw error;
    }
  }
}

function isUntouched(
  there: KubernetesObject | undefined,
  { issued, at, revision }: Wanted,
  written?: Written,
): boolean {
  return (
    there !== undefined &&
    written !== undefined &&
    isAt(written, at) &&
    there.metadata.uid === written.uid &&
    there.metadata.resourceVersion === written.resourceVersion &&
    written.fingerprint === issued.fingerprint &&
    written.revision === revision
  );
}

function isAt(written: Written, at: Wanted["at"]): boolean {
  return written.namespace === at.namespace && written.name === at.name;
}

interface Case {
  world: MirrorWorld;
  there: KubernetesObject | undefined;
  row: MirrorRow;
  wanted: Wanted;
  wished: Wished;
  adopts: boolean;
}

async function settle(its: Case): Promise<Mirrored> {
  const { world, there, row, wanted, wished } = its;
  const { wrong, surplus } = differences(wished.rendered, there, world.deps.fieldManager);
  const hash = hashOf(wished.rendered, [world.server ?? "", wanted.at.namespace, wanted.at.name]);
  if (there && wrong.length + surplus.length === 0)
    return { is: "synced", written: writtenAs(its, there, hash), wrote: false };
  mustNotAge(its);
  // What we want is what we wrote, so somebody else made the difference.
  const drifted = row.written?.hash === hash ? shownDrift(there, wrong, surplus) : undefined;
  const force = mayForce(its, wrong);
  if (drifted !== undefined && world.mode === "report") return { is: "drifted", fields: drifted };
  const answer = await write(its, force);
  const repaired = drifted === undefined ? {} : { repaired: drifted };
  const over = there && holdsAnother(there, wished) ? { over: true as const } : {};
  return { is: "synced", written: writtenAs(its, answer, hash), wrote: true, ...over, ...repaired };
}

function holdsAnother(there: KubernetesObject, { rendered }: Wished): boolean {
  const chain = textAt(there, "tls.crt");
  return chain !== undefined && chain !== "" && chain !== textAt({ ...there, data: rendered.data }, "tls.crt");
}

function shownDrift(there: KubernetesObject | undefined, wrong: FieldPath[], surplus: FieldPath[]): string {
  return there ? shownPaths([...wrong, ...surplus]) : "it was deleted";
}

function mustNotAge({ world, there, wanted, wished }: Case): void {
  const { certificate, revision } = wanted;
  const ours = { ...wished.leaf, of: `${certificate.namespace}/${certificate.name}`, revision };
  const newer = newerThere(there, ours, world.deps.clock.now());
  if (!newer) return;
  throw new RefusedError({
    reason: "NewerCertificate",
    message: `${shownAt(wanted)} holds a newer certificate, valid from ${rfc3339(newer.validFromDate)}; revision ${revision} is valid from ${rfc3339(wanted.issued.notBefore)}`,
    fix: "find out who wrote it; delete the Secret to get ours back, or `certwright renew`",
  });
}

/** An edit is written over; who applies (another installation, cert-manager) would come back, so that nobody fights. */
function mayForce({ world, there, wanted, adopts }: Case, wrong: FieldPath[]): boolean {
  const { applied, edited } = otherOwners(there, wrong, world.deps.fieldManager);
  if (applied.length === 0 || adopts) return adopts || edited.length > 0;
  throw new RefusedError({
    reason: "FieldManagerConflict",
    message: `${shownAt(wanted)} is written by ${applied.map((one) => `"${one}"`).join(" and ")} too (${shownPaths(wrong)})`,
    fix: "decide who writes it, and stop the other or give it another Secret; then delete the Secret",
  });
}

/** Checks before and after: the apiserver takes an empty tls.crt, and an admission webhook may change what was sent. */
async function write({ world, there, wanted, wished }: Case, force: boolean): Promise<KubernetesObject> {
  const { fieldManager } = world.deps;
  const bytes = sizeOf(wished.rendered, there);
  if (bytes > mostBytes) throw tooLarge(wanted, `it would hold ${bytes} bytes`);
  const object = secretOf(wished.rendered, wanted.at, there);
  // Forced only over what was looked at.
  const sent = force && there?.metadata.resourceVersion ? locked(object, there.metadata.resourceVersion) : object;
  const answer = await world.kubernetes.apply(sent, { fieldManager, force }).catch((error: unknown) => {
    throw isRefusalOf(error, "ObjectTooLarge") ? tooLarge(wanted, error.message) : error;
  });
  const { wrong } = differences(wished.rendered, answer, fieldManager);
  if (wrong.length === 0) return answer;
  throw new RefusedError({
    reason: "SecretAltered",
    message: `the cluster changes what is written to ${shownAt(wanted)}: ${shownPaths(wrong)}`,
    fix: "look for an admission webhook that changes Secrets",
  });
}

function locked(object: KubernetesObject, resourceVersion: string): KubernetesObject {
  return { ...object, metadata: { ...object.metadata, resourceVersion } };
}

function tooLarge(wanted: Wanted, why: string): RefusedError {
  return new RefusedError({
    reason: "SecretTooLarge",
    message: `${shownAt(wanted)} cannot be over 1 MiB: ${why}`,
    fix: "remove keys from the Secret that are not ours, or give the Certificate another secretName",
  });
}

function shownAt({ at }: Wanted): string {
  return `Secret ${at.namespace}/${at.name}`;
}

function writtenAs({ world, row, wanted }: Case, { metadata }: KubernetesObject, hash: string): Written {
  const { issued, at, revision } = wanted;
  const before = row.written;
  const same = before?.fingerprint === issued.fingerprint && isAt(before, at);
  return {
    ...at,
    uid: metadata.uid ?? "",
    resourceVersion: metadata.resourceVersion ?? "",
    hash,
    fingerprint: issued.fingerprint,
    revision,
    at: same ? before.at : world.deps.clock.now().getTime(),
  };
}
