import type { Row } from "./table-index.ts";
import type { World } from "./world.ts";

/** What DynamoDB keeps for each item besides. */
const itemOverhead = 100;
const versionsKeptDays = 90;
/** How long what an attempt leaves behind lives (adapters/aws/state/beside.ts), days. */
const lives: [ending: RegExp, days: number][] = [
  [/#csr$/, 70],
  [/#chain$/, 37],
  [/#challenges$/, 30],
  [/#attempt#[^#]+$/, 30],
];

/** What tables and bucket hold once a fleet has gone on like this for half a year; `issuedPerDay`: certificates. */
export function longRun({ outside }: World, issuedPerDay: number): { tableBytes: number; bucketBytes: number } {
  const rows = [...outside.state.rows.values(), ...outside.requests.rows.values()];
  const lasting = rows.filter(({ item }) => daysOf(item.resource) === undefined);
  const left = lives.map(([ending, days]) => {
    const same = rows.filter(({ item }) => ending.test(String(item.resource)));
    return same.length === 0 ? 0 : (bytesOf(same) / same.length) * issuedPerDay * days;
  });
  const objects = [...outside.objects.values()];
  const bytes = objects.reduce((sum, one) => sum + one.bytes, 0);
  const versions = objects.length === 0 ? 0 : (issuedPerDay * versionsKeptDays) / objects.length;
  const indexes = [...outside.state.indexes.values()].reduce((sum, index) => sum + bytesOf([...index.all()]), 0);
  return {
    tableBytes: bytesOf(lasting) + left.reduce((sum, one) => sum + one, 0) + indexes,
    bucketBytes: bytes * (1 + versions),
  };
}

function daysOf(resource: unknown): number | undefined {
  return lives.find(([ending]) => ending.test(String(resource)))?.[1];
}

function bytesOf(rows: Row[]): number {
  return rows.reduce((sum, { bytes }) => sum + bytes + itemOverhead, 0);
}
