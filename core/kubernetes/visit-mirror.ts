import { failureOf } from "./failure.ts";
import { type Mirrored, mirror } from "./mirror.ts";
import { drifted, failed, later, settledAsItIs, synced, withheld } from "./mirror-row.ts";
import { heldBy } from "./permit.ts";
import { startReload } from "./reload/advance.ts";
import { retire } from "./retire.ts";
import type { MirrorRow } from "./rows.ts";
import { idOfCertificate, noteFailure, type Run } from "./run.ts";
import { addEvent, tellMirror, tellTarget } from "./tell.ts";
import { type Known, type Wanted, type Wish, wishOf } from "./wish.ts";

/** What is to be put, or that the mirror is no more. */
type Next = { row: MirrorRow; mirrored?: Mirrored } | "gone";

/**
 * Looks at one mirror and does what is to be done. Its own failures become its row; when the whole cluster fails it is left
 * as it is, due. A row that was woken meanwhile is left, too.
 */
export async function visitMirror(run: Run, row: MirrorRow, known: Known, look: boolean): Promise<void> {
  let next: Next;
  try {
    next = await nextOf(run, row, known, look);
  } catch (error) {
    if (run.reach.stopped()) return;
    next = { row: failedRow(run, row, error) };
  }
  if (next === "gone") await forget(run, row);
  else await keep(run, row, next);
}

async function nextOf(run: Run, row: MirrorRow, known: Known, look: boolean): Promise<Next> {
  const wish = await decided(run, row, known);
  const now = run.deps.clock.now();
  if (wish.is === "undecided") return { row: wish.isUnderWay ? later(row, now) : settledAsItIs(row) };
  if (wish.is === "wanted") return wanted(run, row, wish, look);
  await letGo(run, row);
  if (wish.is === "refused") return { row: withheld(row, wish, now) };
  return "gone";
}

/** How often, and after how long, State is asked again for a certificate that it does not know of yet. */
const looks = 8;
const betweenLooksMs = 500;

async function decided({ deps, cluster }: Run, row: MirrorRow, { request, row: first }: Known): Promise<Wish> {
  let wish = wishOf(cluster, row.certificate, { request, row: first }, row);
  for (let look = 1; look < looks && wish.is === "undecided" && wish.isUnderWay; look += 1) {
    // What was read with its whole chunk may be old by now.
    if (look > 1) await deps.pause(betweenLooksMs);
    const found = await deps.state.certificate({ ...row.certificate, kind: "Certificate" });
    wish = wishOf(cluster, row.certificate, { request, row: found }, row);
  }
  return wish;
}

async function wanted(run: Run, row: MirrorRow, wish: Wanted, look: boolean): Promise<Next> {
  const { deps, cluster, reach } = run;
  claim(run, row, wish);
  const { mode, server } = cluster.spec;
  const moves =
    row.written && `${row.written.namespace}/${row.written.name}` !== `${wish.at.namespace}/${wish.at.name}`;
  const base = moves ? withoutWritten(row) : row;
  const world = { deps, kubernetes: reach.kubernetes, mode, server };
  const mirrored = await mirror(world, wish, { row: base, look });
  const now = deps.clock.now();
  if (mirrored.is === "drifted") return { row: drifted(row, mirrored.fields, now), mirrored };
  if (moves) await letGo(run, row);
  return { row: synced(row, mirrored.written, now), mirrored };
}

/** Two Certificates that are mapped to one Secret: the first has it. */
function claim({ partition }: Run, row: MirrorRow, { at }: Wanted): void {
  const place = `${at.namespace}/${at.name}`;
  const id = idOfCertificate(row.certificate);
  const holder = partition.holders.get(place) ?? id;
  if (holder !== id) throw heldBy(holder, { at });
  partition.holders.set(place, id);
}

function withoutWritten({ written: _, ...row }: MirrorRow): MirrorRow {
  return row;
}

/** What is no longer wanted goes, or stays, as the policy says. */
async function letGo({ deps, cluster, reach, partition }: Run, row: MirrorRow): Promise<void> {
  if (!row.written) return;
  const place = `${row.written.namespace}/${row.written.name}`;
  const policy = cluster.spec.deletionPolicy;
  const done = policy === "delete" ? await retire(reach.kubernetes, row, deps.fieldManager) : "kept";
  if (partition.holders.get(place) === idOfCertificate(row.certificate)) partition.holders.delete(place);
  const message = `cluster ${cluster.name}: no longer mirrored; Secret ${place} ${ends[done]}`;
  const key = { ...row.certificate, kind: "Certificate" as const };
  await addEvent(deps, { key, type: "Normal", reason: "NotMirrored", message });
}

const ends = { kept: "stays", deleted: "was deleted", absent: "was gone already" };

async function forget({ deps, partition }: Run, row: MirrorRow): Promise<void> {
  const id = idOfCertificate(row.certificate);
  await deps.state.deleteTarget(row.certificate, row.cluster);
  const reload = partition.reloads.get(id);
  if (reload && (await deps.state.deleteReload(reload)) === "saved") partition.reloads.delete(id);
  if ((await deps.state.deleteMirror(row)) === "saved") partition.mirrors.delete(id);
}

/** The restart is noted before the mirror: who dies in between finds the Secret written, and the old row. */
async function keep(run: Run, before: MirrorRow, { row, mirrored }: Exclude<Next, "gone">): Promise<void> {
  const { deps, partition, tally } = run;
  const id = idOfCertificate(row.certificate);
  tally.wrote += mirrored?.is === "synced" && mirrored.wrote ? 1 : 0;
  const reloadBefore = partition.reloads.get(id);
  if (isRenewed(before, row, mirrored) && !(await noteReload(run, row))) return;
  const after = { mirror: row, reload: partition.reloads.get(id) };
  await tellTarget(deps, { mirror: before, reload: reloadBefore }, after);
  if (JSON.stringify(row) !== JSON.stringify(before)) {
    if ((await deps.state.putMirror(row)) === "conflict") return;
    partition.mirrors.set(id, { ...row, version: row.version + 1 });
  }
  if (mirrored?.is !== "synced") return void (await tellMirror(deps, before, row));
  const now = deps.clock.now().getTime();
  if (mirrored.written.fingerprint !== before.written?.fingerprint)
    tally.lagMs = now - (before.behindSince ?? before.dueAt ?? now);
  await tellMirror(deps, before, row, mirrored.repaired);
}

/** A newer certificate where an older one was: ours, or what lay there when the Secret came to us (again). */
function isRenewed({ written: old }: MirrorRow, { written }: MirrorRow, mirrored: Mirrored | undefined): boolean {
  if (old === undefined) return mirrored?.is === "synced" && mirrored.over === true;
  return (
    written !== undefined &&
    old.fingerprint !== written.fingerprint &&
    `${old.namespace}/${old.name}` === `${written.namespace}/${written.name}`
  );
}

async function noteReload({ deps, cluster, partition }: Run, { certificate, written }: MirrorRow): Promise<boolean> {
  if (!cluster.spec.reload || !written) return true;
  const id = idOfCertificate(certificate);
  const before = partition.reloads.get(id);
  const secret = { namespace: written.namespace, name: written.name };
  const wish = { cluster: cluster.name, certificate, secret, revision: written.revision };
  const row = startReload(wish, before, deps.clock.now());
  if (row === before) return true;
  if ((await deps.state.putReload(row)) === "conflict") return false;
  partition.reloads.set(id, { ...row, version: row.version + 1 });
  return true;
}

function failedRow({ deps, tally, cluster }: Run, row: MirrorRow, error: unknown): MirrorRow {
  const about = `${cluster.name}: ${idOfCertificate(row.certificate)}`;
  const failure = failureOf(deps, error, { of: "mirror", before: row.failures ?? 0, about });
  noteFailure(tally, failure, deps.clock.now());
  return failed(row, failure, deps.clock.now());
}
