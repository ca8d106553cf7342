import { readFileSync } from "node:fs";
import { expect } from "vitest";
import { fromItem, type Stored, toItem } from "../../../adapters/aws/dynamo/expressions.ts";
import {
  fromCertificateItem,
  fromIssuerItem,
  toCertificateItem,
  toIssuerItem,
} from "../../../adapters/aws/state/rows.ts";
import { acceptRequest } from "../../../core/accept-request.ts";
import type { Verdict } from "../../../core/dispatch/dispatch.ts";
import { classOf, isNamed } from "../../../core/errors.ts";
import type { StoredRequest } from "../../../core/ports.ts";
import { idOf, parseKey, type ResourceKey } from "../../../core/resource.ts";
import type { CertificateRow, IssuerRow } from "../../../core/rows.ts";
import { specHash } from "../../../core/spec-hash.ts";
import { openPipeline, type Pipeline } from "../pipeline.ts";
import { type Generated, generatedObjects, itemOf } from "./generated-objects.ts";
import { seed } from "./generated-values.ts";
import { anyRsaKey } from "./time-world.ts";

const page = readFileSync(new URL("../../../docs/errors.md", import.meta.url), "utf8");
/** Every reason that docs/errors.md explains. */
const reasons = new Set([...page.matchAll(/^\| `(\w+)` \|/gm)].map(([, reason]) => reason));

/** Sends so many objects the way users do; throws when one crashes something, is lost, or ends in a state nobody knows. */
export async function sendObjects(count: number): Promise<string> {
  const verdicts: Verdict[] = [];
  const p = await openPipeline({
    keys: anyRsaKey,
    around: async ({ name, deps }, run) => {
      const result = await run(deps);
      if (name === "stream" || name === "dispatch") verdicts.push(...(result as Verdict[]));
      if (name === "sweep") verdicts.push(...(result as { verdicts: Verdict[] }).verdicts);
      return result;
    },
  });
  const items = readsTable(p);
  await p.issuer("ca", {});
  await p.time.runUntil(new Date(p.time.now().getTime() + 5_000));
  const objects = generatedObjects(count);
  let refused = 0;
  for (let start = 0; start < objects.length; start += 100) {
    refused += await send(p, objects.slice(start, start + 100), items);
    await p.time.runUntil(new Date(p.time.now().getTime() + 20_000));
  }
  await p.time.runUntil(new Date(p.time.now().getTime() + 15 * 60_000));
  expect(
    verdicts.filter(({ error }) => error !== undefined),
    "decisions that failed",
  ).toEqual([]);
  const bugs = p.logs.filter(({ errorClass, event }) => errorClass === "Bug" || event === "bug");
  expect(bugs, `bugs (seed ${seed})`).toEqual([]);
  return `seed ${seed}: ${refused} of ${count} refused at the bus; ${await outcomes(p, objects, refused)}`;
}

/** Planted items are read as the adapter reads them: from DynamoDB's own notation. */
function readsTable({ requests }: Pipeline): Map<string, Stored> {
  const items = new Map<string, Stored>();
  const read = (key: ResourceKey): StoredRequest | undefined => {
    const item = items.get(idOf(key));
    if (!item) return undefined;
    const { apiVersion, spec, metadata } = fromItem(item);
    return { key, apiVersion, spec, metadata };
  };
  const { get, getMany } = requests;
  requests.get = async (key) => read(key) ?? get(key);
  requests.getMany = async (keys) => {
    const planted = keys.flatMap((key) => read(key) ?? []).map((request) => [idOf(request.key), request] as const);
    return new Map([...(await getMany(keys)), ...planted]);
  };
  return items;
}

/** Answers how many the bus refused; that is told to whoever sent them. */
async function send(p: Pipeline, objects: Generated[], items: Map<string, Stored>): Promise<number> {
  let refused = 0;
  const written: string[] = [];
  for (const object of objects) {
    const key = parseKey(object.namespace, object.resource);
    if (object.way === "bus" && !(await accepted(p, object))) refused += 1;
    else if (key) {
      if (object.way === "table") items.set(idOf(key), itemOf(object));
      written.push(idOf(key));
    }
  }
  p.dispatch(...written);
  return refused;
}

async function accepted(p: Pipeline, { namespace, resource, object }: Generated): Promise<boolean> {
  const name = resource.slice(resource.indexOf("/") + 1);
  const detail = JSON.parse(JSON.stringify({ name, spec: object.spec, metadata: object.metadata })) as { name: string };
  const source = `certwright.namespace.${namespace}`;
  try {
    await acceptRequest(p.deps, { "detail-type": "Certificate Requested", source, detail });
    return true;
  } catch (error) {
    expect(classOf(error), `${namespace}/${resource} at the bus: ${error}`).toBe("PermanentError");
    expect(isNamed(error) && error.fix).toBeTruthy();
    return false;
  }
}

async function outcomes(p: Pipeline, objects: Generated[], refused: number): Promise<string> {
  const counts = new Map<string, number>();
  for (const { namespace, resource } of objects) {
    const key = parseKey(namespace, resource);
    const stored = key && (await p.requests.get(key));
    if (!key || !stored) continue;
    const row = await rowOf(p, key);
    expect(row, `${namespace}/${resource} is known`).toBeDefined();
    expect(row?.specHash, `${idOf(key)} is decided on`).toBe(specHash(stored));
    if (row) valid(key, row);
    const outcome = `${row?.ready.status === "True" ? "" : "not "}Ready: ${row?.ready.reason}`;
    counts.set(outcome, (counts.get(outcome) ?? 0) + 1);
  }
  const known = [...counts.values()].reduce((sum, one) => sum + one, 0);
  expect(known + refused, "none is lost").toBe(objects.length);
  const sorted = [...counts].sort(([, a], [, b]) => b - a);
  return sorted.map(([outcome, count]) => `${count} ${outcome}`).join(", ");
}

function rowOf(p: Pipeline, key: ResourceKey): Promise<CertificateRow | IssuerRow | undefined> {
  return key.kind === "Certificate" ? p.state.certificate(key) : p.state.issuer(key);
}

/** State can hold it, and a reader finds the reason in docs/errors.md. */
function valid(key: ResourceKey, row: CertificateRow | IssuerRow): void {
  const id = idOf(key);
  const { ready } = row;
  expect(reasons, `${id} ${ready.reason}`).toContain(ready.reason);
  expect(ready.lastTransitionTime, id).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
  if (ready.status !== "True") expect(ready.message.length, `${id} says why`).toBeGreaterThan(10);
  if (ready.reason === "InvalidSpec" || ready.reason === "InvalidConfig") {
    expect(ready.message, `${id} names the field and the fix`).toMatch(/^(spec|metadata|apiVersion).*: .+; ./s);
    expect(row.dueAt, `${id} waits for an edit`).toBeUndefined();
  }
  const same =
    key.kind === "Certificate"
      ? fromCertificateItem(fromItem(toItem(toCertificateItem(row as CertificateRow))))
      : fromIssuerItem(fromItem(toItem(toIssuerItem(row as IssuerRow))));
  expect(same.ready, `${id} as State holds it`).toEqual(ready);
}
