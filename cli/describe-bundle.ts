import { concurrently } from "../core/concurrently.ts";
import { storedName } from "../core/deps.ts";
import type { PlacedBundleRow } from "../core/kubernetes/rows.ts";
import { clusterNamespace } from "../core/resource.ts";
import { asMap, at, textAt } from "./as-written.ts";
import { conditionsPart, eventsPart, headPart, part, statusCell, triedCells } from "./describe-parts.ts";
import { nextStep } from "./next-step.ts";
import type { Seen } from "./objects.ts";
import { clustersOf } from "./summary.ts";
import type { Cell } from "./table.ts";
import type { Installation } from "./verb.ts";

const eventsShown = 25;
const partitionsAtOnce = 5;

/** The text of `describe bundle`. */
export async function describeBundle(installation: Installation, seen: Seen, colour: boolean): Promise<string> {
  const { state, clock } = installation;
  const { key, bundle } = seen;
  const now = clock.now().getTime();
  const [placed, events] = await Promise.all([placesOf(installation, seen), state.events(key, eventsShown)]);
  const rows = placed.map((place) => placeRow(place, now));
  return [
    headPart(seen, headFields(installation, seen)),
    conditionsPart([bundle?.ready], now, colour),
    part("Clusters", rows, placeHeader, colour),
    eventsPart(events, now, colour),
    `Next:\n  ${nextStep(seen, now)}`,
  ].join("\n\n");
}

function headFields({ instance }: Installation, { key, written, bundle }: Seen): [string, string | undefined][] {
  const target = asMap(at(written.spec, "target"));
  const { namespaceSelector, storedSecret, additionalFormats } = target;
  const sources = at(written.spec, "sources");
  const objects = ["configMap", "secret"].flatMap((kind) => {
    const key = textAt(target, kind, "key");
    return key === undefined ? [] : [`${kind} (${key})`];
  });
  const formats = Object.entries(asMap(additionalFormats)).map(
    ([name, format]) => `${name} (${textAt(format, "key")})`,
  );
  return [
    ["Sources", (Array.isArray(sources) ? sources.map(sourceText).join("\n") : "") || "<none>"],
    ["Default CAs", bundle?.defaultCAVersion],
    ["Targets", [...objects, ...formats].join(", ") || "<none>"],
    ["Namespaces", namespaceSelector ? JSON.stringify(namespaceSelector) : "<all>"],
    ["Stored Secret", storedSecret === true ? storedName(instance, clusterNamespace, `bundle-${key.name}`) : undefined],
  ];
}

/** `configMap company-ca (ca.crt)`, `inLine (2 certificates)` ...; a source has one field. */
function sourceText(source: unknown): string {
  const [kind = "<none>", value] = Object.entries(asMap(source))[0] ?? [];
  if (typeof value === "string") return `${kind} (${certificatesIn(value)})`;
  if (typeof value === "boolean") return `${kind}: ${value}`;
  const { name, selector, key, includeAllKeys, ...more } = asMap(value);
  const which = name ?? (selector === undefined ? "" : JSON.stringify(selector));
  const of = Object.values(more).join(" ");
  const keys = key === undefined && includeAllKeys === true ? "all keys" : (key ?? of);
  return `${kind} ${which}${keys ? ` (${keys})` : ""}`;
}

function certificatesIn(pem: string): string {
  const count = pem.split("-----BEGIN ").length - 1;
  return `${count} ${count === 1 ? "certificate" : "certificates"}`;
}

/** A Bundle in a cluster: no row when nothing was done there, and whether there is such a Cluster. */
interface Place {
  cluster: string;
  exists: boolean;
  row: PlacedBundleRow | undefined;
}

/** Where it goes and where it still is, by name. */
async function placesOf({ state }: Installation, seen: Seen): Promise<Place[]> {
  const known = (await state.clusters()).map(({ key }) => key.name);
  const named = clustersOf(seen) ?? known;
  const rows = await concurrently(partitionsAtOnce, known, async (cluster) =>
    (await state.clusterRows(cluster)).bundles.find(({ bundle }) => bundle === seen.key.name),
  );
  const placed = known.map((cluster, index) => ({ cluster, exists: true, row: rows[index] }));
  const missing = named.filter((cluster) => !known.includes(cluster));
  return [
    ...placed.filter(({ cluster, row }) => row !== undefined || named.includes(cluster)),
    ...missing.map((cluster) => ({ cluster, exists: false, row: undefined })),
  ].sort((a, b) => (a.cluster < b.cluster ? -1 : 1));
}

const placeHeader = [
  "CLUSTER",
  "SYNCED",
  "CERTIFICATES",
  "LEFT-OUT",
  "NAMESPACES",
  "REASON",
  "SINCE",
  "NEXT-TRY",
  "MESSAGE",
];

function placeRow({ cluster, exists, row }: Place, now: number): Cell[] {
  if (!exists) return [cluster, statusCell("False"), "-", "-", "-", "ClusterNotFound", "-", "-", "no such Cluster"];
  return [
    cluster,
    statusCell(row?.synced?.status ?? "Unknown"),
    row?.counts === undefined ? "-" : String(row.counts.certificates),
    leftOut(row?.counts),
    row?.namespaces === undefined ? "-" : String(row.namespaces.length),
    ...triedCells(row?.synced, now, row?.dueAt),
  ];
}

/** `1 expired, 2 duplicate`. */
function leftOut(counts: PlacedBundleRow["counts"]): string {
  if (!counts) return "-";
  const { expired, duplicate, malformed } = counts;
  const shown = Object.entries({ expired, duplicate, malformed }).filter(([, count]) => count > 0);
  return shown.map(([what, count]) => `${count} ${what}`).join(", ") || "none";
}
