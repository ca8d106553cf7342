import type { Deps } from "../../deps.ts";
import type { Named } from "../../errors.ts";
import { clusterNamespace } from "../../resource.ts";
import { condition } from "../../status.ts";
import { retryAfter } from "../retry.ts";
import type { PlacedBundleRow } from "../rows.ts";
import type { Content } from "./content.ts";
import type { Failure } from "./namespaces.ts";

/** How many failing namespaces a condition tells of. */
const named = 3;

/** The row of a Bundle that is everywhere it should be. */
export function syncedRow(deps: Deps, placed: PlacedBundleRow, content: Content): PlacedBundleRow {
  const { dueAt: _, failures: __, begun: ___, ...rest } = placed;
  const count = placed.namespaces?.length ?? 0;
  const message = [`${content.certificates.length} certificates in ${count} namespaces`, ...leftOut(content)].join(
    "; ",
  );
  return { ...rest, synced: syncedAs(deps, placed, { status: "True", reason: "Synced", message }) };
}

/** The row of one that failed in some namespaces, or as a whole; it is tried again, but what is only reported is not. */
export function failedRow(deps: Deps, placed: PlacedBundleRow, error: Named, message: string): PlacedBundleRow {
  const synced = syncedAs(deps, placed, { status: "False", reason: error.reason, message });
  if (error.reason === "Drifted") {
    const { dueAt: _, failures: __, ...rest } = placed;
    return { ...rest, synced };
  }
  const failures = (placed.failures ?? 0) + 1;
  const now = deps.clock.now();
  return {
    ...placed,
    failures,
    dueAt: retryAfter({ of: "mirror", failures, now, fraction: deps.chance.fraction() }),
    synced,
  };
}

/** `in 48 of 50 namespaces; team-a: ...; also in team-b, team-c` */
export function failuresText(failures: Failure[], wanted: number): string {
  const [first, ...others] = failures;
  const also = others.slice(0, named - 1).map(({ namespace }) => namespace);
  const more = others.length > also.length ? [`${others.length - also.length} more`] : [];
  return [
    `in ${wanted - failures.length} of ${wanted} namespaces`,
    ...(first ? [textOf(first.error)] : []),
    ...(also.length > 0 ? [`also not in ${[...also, ...more].join(", ")}`] : []),
  ].join("; ");
}

/** What happened and what to do. */
export function textOf({ message, fix }: Named): string {
  return fix ? `${message.replace(/\.$/, "")}; ${fix}` : message;
}

/** A change of the condition is an event of the Bundle. */
export async function sayChange(deps: Deps, before: PlacedBundleRow, after: PlacedBundleRow): Promise<void> {
  const { synced } = after;
  const isNew = synced?.status !== before.synced?.status || synced?.reason !== before.synced?.reason;
  if (!synced || !isNew) return;
  await deps.state
    .addEvent({
      key: { namespace: clusterNamespace, kind: "Bundle", name: after.bundle },
      at: deps.clock.now().getTime(),
      type: synced.status === "True" ? "Normal" : "Warning",
      reason: synced.reason,
      message: `${after.cluster}: ${synced.message}`,
    })
    .catch((error: unknown) => deps.log({ event: "event-lost", bundle: after.bundle, error: String(error) }));
}

function leftOut({ counts, malformed }: Content): string[] {
  const { expired, duplicate } = counts;
  const parts = [...(expired > 0 ? [`${expired} expired`] : []), ...(duplicate > 0 ? [`${duplicate} duplicate`] : [])];
  const shown = malformed.length > 0 ? [...parts, `${malformed.length} malformed (${malformed.join("; ")})`] : parts;
  return shown.length > 0 ? [`left out: ${shown.join(", ")}`] : [];
}

function syncedAs(
  deps: Deps,
  { synced }: PlacedBundleRow,
  next: { status: "True" | "False"; reason: string; message: string },
) {
  return condition(synced, { type: "Synced", ...next }, deps.clock.now());
}
