import { isClusterScoped, type Kind } from "../core/resource.ts";
import { rfc3339, stepIn } from "../core/status.ts";
import { textAt } from "./as-written.ts";
import { fromNow, span, took } from "./durations.ts";
import { rowOf, type Seen } from "./objects.ts";
import {
  clustersOf,
  issuerType,
  modeOf,
  namesOf,
  readiness,
  renewalOf,
  secretsOf,
  serverOf,
  shortNames,
  statusWord,
  styleOfReadiness,
} from "./summary.ts";
import type { Cell } from "./table.ts";

/** A column of `get`: its header, and the cell of each object. */
export type Column = [header: string, cell: (seen: Seen) => Cell];

/** The columns of a kind; `now` in epoch milliseconds. */
export function columnsOf(kind: Kind, look: { withNamespace: boolean; wide: boolean }, now: number): Column[] {
  const own = columns[kind];
  const namespace: Column = ["NAMESPACE", ({ key }) => key.namespace];
  const ready: Column = ["READY", (seen) => ({ text: readiness(seen), style: styleOfReadiness(readiness(seen)) })];
  const age: Column = ["AGE", (seen) => ageOf(seen, now)];
  return [
    ...(look.withNamespace && !isClusterScoped(kind) ? [namespace] : []),
    ["NAME", ({ key }) => key.name],
    ...(own.first ?? []),
    ready,
    ...own.narrow,
    ...(own.withoutStatus ? [] : [["STATUS", statusWord] satisfies Column]),
    age,
    ...(look.wide ? own.wide(now) : []),
  ];
}

const issuerColumns = {
  narrow: [["TYPE", issuerType]] satisfies Column[],
  wide: (): Column[] => [
    ["SERVER", ({ written }) => textAt(written.spec, "acme", "server") ?? "<none>"],
    ["ACCOUNT", ({ issuer }) => issuer?.acme?.accountUrl ?? "<none>"],
  ],
};

interface Columns {
  /** Before READY. */
  first?: Column[];
  narrow: Column[];
  wide: (now: number) => Column[];
  withoutStatus?: true;
}

const columns: Record<Kind, Columns> = {
  Certificate: {
    narrow: [
      ["SECRET", ({ written }) => textAt(written.spec, "secretName") ?? "<none>"],
      ["ISSUER", ({ written }) => textAt(written.spec, "issuerRef", "name") ?? "<none>"],
    ],
    wide: () => [
      ["NAMES", (seen) => shortNames(namesOf(seen)) || "<none>"],
      ["NOT-AFTER", ({ certificate }) => timeCell(certificate?.issued?.notAfter)],
      ["RENEWAL", renewalCell],
      ["REVISION", ({ certificate }) => String(certificate?.revision ?? "<none>")],
      ["STEP", ({ attempt }) => (attempt ? stepIn(attempt) : "<none>")],
    ],
  },
  /** cert-manager's printer columns. */
  CertificateRequest: {
    first: [
      ["APPROVED", ({ certificate }) => certificate?.own?.approved?.status ?? "<none>"],
      ["DENIED", ({ certificate }) => certificate?.own?.denied?.status ?? "<none>"],
    ],
    narrow: [
      ["ISSUER", ({ written }) => textAt(written.spec, "issuerRef", "name") ?? "<none>"],
      ["REQUESTER", ({ written }) => textAt(written.spec, "username") ?? "<none>"],
    ],
    wide: () => [["STATUS", ({ certificate }) => certificate?.ready.message || "<none>"]],
    withoutStatus: true,
  },
  Issuer: issuerColumns,
  ClusterIssuer: issuerColumns,
  Cluster: {
    narrow: [["SECRETS", ({ cluster }) => secretsOf(cluster)]],
    wide: (now) => [
      ["VERSION", ({ cluster }) => cluster?.kubernetesVersion ?? "<unknown>"],
      ["LAG", ({ cluster }) => (cluster?.lagMs === undefined ? "<none>" : took(cluster.lagMs))],
      ["SERVER", serverOf],
      ["MODE", modeOf],
      ["LAST-ERROR", ({ cluster }) => lastErrorCell(cluster?.lastError, now)],
    ],
  },
  Bundle: {
    narrow: [["CLUSTERS", (seen) => shortNames(clustersOf(seen) ?? ["<all>"])]],
    wide: () => [],
  },
};

function lastErrorCell(error: { at: number; reason: string } | undefined, now: number): Cell {
  return error ? { text: `${error.reason} (${fromNow(error.at, now)})`, style: "red" } : "<none>";
}

function ageOf(seen: Seen, now: number): string {
  const since = rowOf(seen)?.ready.lastTransitionTime;
  return since === undefined ? "<unknown>" : span(now - Date.parse(since));
}

function renewalCell(seen: Seen): string {
  const renewal = renewalOf(seen);
  return seen.certificate?.issued && renewal === undefined ? "<disabled>" : timeCell(renewal);
}

function timeCell(at: number | undefined): string {
  return at === undefined ? "<none>" : rfc3339(at);
}
