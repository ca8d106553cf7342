import { type Condition, condition } from "../../status.ts";
import type { ReloadSpec } from "../cluster.ts";
import type { ReloadedWorkload, ReloadRow } from "../rows.ts";
import { nameOf } from "./workloads.ts";

const named = 3;

/**
 * The condition Reloaded: True Reloaded, False Reloading, False ReloadStopped naming what is not available. The former one,
 * if any, where no workload takes part.
 */
export function reloadedCondition(
  { row, spec, workloads, before }: Standing & { before: Condition | undefined },
  now: Date,
): Condition | undefined {
  if (workloads.length === 0 && before === undefined) return undefined;
  const { status, reason, message } = said({ row, spec, workloads });
  return condition(before, { type: "Reloaded", status, reason, message }, now);
}

interface Standing {
  row: ReloadRow;
  spec: ReloadSpec;
  workloads: ReloadedWorkload[];
}

function said({ row, spec, workloads }: Standing): Pick<Condition, "status" | "reason" | "message"> {
  const of = (state: ReloadedWorkload["state"]) => workloads.filter((one) => one.state === state);
  const [done, waiting, stuck] = [of("available").length, of("waiting").length, of("stuck")];
  const open = waiting + of("restarting").length + stuck.length;
  const what = `revision ${row.revision} of Secret ${row.secret.namespace}/${row.secret.name}`;
  const skipped = listed(of("skipped"), ({ why }) => `(${why})`);
  const tail = skipped && `; skipped: ${skipped}`;
  const many = done + open === 1 ? "1 workload" : `${done + open} workloads`;
  if (open === 0) {
    const message = done === 0 ? `no workload to restart for ${what}` : `${many} restarted for ${what}`;
    return { status: "True", reason: "Reloaded", message: `${message}${tail}` };
  }
  const progress = `${done} of ${many} done, ${waiting} wait`;
  if (stuck.length > 0) {
    const message = `${listed(stuck, (one) => whyStuck(one, spec))}; ${progress} for ${what}${tail}`;
    return { status: "False", reason: "ReloadStopped", message };
  }
  const restarting = listed(of("restarting"), () => "");
  return { status: "False", reason: "Reloading", message: `${what}: ${progress}, restarting ${restarting}${tail}` };
}

function whyStuck({ generation, why }: ReloadedWorkload, { timeoutSeconds }: ReloadSpec): string {
  if (generation === undefined) return `cannot be restarted (${why})`;
  return `is not available ${timeoutSeconds} s after its restart (${why})`;
}

function listed(workloads: ReloadedWorkload[], more: (one: ReloadedWorkload) => string): string {
  const shown = workloads.slice(0, named).map((one) => `${nameOf(one)} ${more(one)}`.trimEnd());
  const rest = workloads.length - shown.length;
  return [...shown, ...(rest > 0 ? [`${rest} more`] : [])].join(", ");
}
