import { concurrently } from "../../core/concurrently.ts";
import type { Requests, StoredRequest } from "../../core/ports.ts";
import { idOf } from "../../core/resource.ts";
import { asMap, asWritten } from "../as-written.ts";
import { type Accepted, checkManifest, type ManifestFault, mayNotBecome, saysTheSame } from "../check-manifest.ts";
import { UsageError } from "../failure.ts";
import { type Io, paint } from "../io.ts";
import { printedKey } from "../kinds.ts";
import { parseManifests, readSources, type Source } from "../manifest.ts";
import { renewAnnotation } from "../objects.ts";
import type { Call, Installation, Verb } from "../verb.ts";

const writesAtOnce = 10;
const showsProgressFrom = 20;

/** Writes objects to the Requests table, all of them valid or none. */
export const apply: Verb = {
  name: "apply",
  summary: "Create objects or bring them to what the files say",
  usage: ["apply -f FILE|DIR|- [-R] [-n NAMESPACE] [--dry-run]"],
  notes: [
    "Takes cert-manager's YAML or JSON, one object or many. Every object is checked before the first is written.",
    "A directory's files are taken in order of name; its folders only with -R.",
  ],
  options: ["filename", "recursive", "namespace", "dry-run"],
  examples: [
    ["One certificate", "certwright apply -f examples/minimal/certificate.yaml"],
    ["Everything in a folder, only checked", "certwright apply -f certificates/ --dry-run"],
    ["Straight from a cluster", "kubectl get certificate web -o yaml | certwright apply -f -"],
  ],
  run: runApply,
};

async function runApply({ values, args, io, connect }: Call): Promise<number> {
  if (args.length > 0) throw new UsageError(`apply takes files by -f, not "${args[0]}"`);
  if (!values.filename) throw new UsageError("which file? apply -f FILE|DIR|-");
  const sources: Source[] = [];
  for (const path of values.filename)
    sources.push(...(await readSources(path, values.recursive ?? false, io.readStdin)));
  const { accepted, faults } = checkAll(sources, values.namespace);
  if (faults.length > 0) {
    printFaults(faults, io);
    return 1;
  }
  if (accepted.length === 0) {
    io.err(`No objects found in ${sources.map(({ file }) => file).join(", ")}.`);
    return 1;
  }
  return write(await connect(), accepted, { dryRun: values["dry-run"] ?? false, io });
}

function checkAll(sources: Source[], namespace: string | undefined): { accepted: Accepted[]; faults: ManifestFault[] } {
  const accepted = new Map<string, Accepted>();
  const faults: ManifestFault[] = [];
  for (const source of sources) {
    const parsed = parseManifests(source);
    faults.push(...parsed.faults.map((fault) => ({ ...fault, path: "", fix: "correct the YAML or JSON" })));
    for (const manifest of parsed.manifests) {
      const checked = checkManifest(manifest, namespace);
      if ("faults" in checked) faults.push(...checked.faults);
      else if (!isTwin(checked.accepted, accepted, faults))
        accepted.set(idOf(checked.accepted.request.key), checked.accepted);
    }
  }
  return { accepted: [...accepted.values()], faults };
}

/** Two objects of one name in one apply are a mistake: the order of the files would decide. */
function isTwin(one: Accepted, accepted: Map<string, Accepted>, faults: ManifestFault[]): boolean {
  const first = accepted.get(idOf(one.request.key));
  if (!first) return false;
  const { file, line, request } = one;
  const message = `it is written twice, first in ${first.file}:${first.line}`;
  faults.push({ file, line, object: printedKey(request.key), path: "", message, fix: "keep one of the two" });
  return true;
}

function printFaults(faults: ManifestFault[], io: Io): void {
  for (const { file, line, object, path, message, fix } of faults) {
    const where = paint(io.colour.err, "bold", `${file}:${line}:`);
    const what = [object, path].filter(Boolean).join(": ");
    io.err([where, what && `${what}:`, message].filter(Boolean).join(" "));
    if (fix) io.err(`  ${fix}`);
  }
  const label = paint(io.colour.err, "red", "error:");
  io.err(`${label} ${faults.length} ${faults.length === 1 ? "fault" : "faults"}; nothing was written`);
}

async function write(
  { requests }: Installation,
  accepted: Accepted[],
  { dryRun, io }: { dryRun: boolean; io: Io },
): Promise<number> {
  const stored = await requests.getMany(accepted.map(({ request }) => request.key));
  const show = accepted.length >= showsProgressFrom ? io.progress : undefined;
  let done = 0;
  const results = await concurrently(writesAtOnce, accepted, async (one) => {
    const result = await writeOne(requests, one, stored.get(idOf(one.request.key)), dryRun);
    show?.(`${++done}/${accepted.length}`);
    return { ...result, name: printedKey(one.request.key) };
  });
  show?.("");
  for (const { name, error, action } of results)
    if (error === undefined) io.out(`${name} ${action}${dryRun ? " (dry run)" : ""}`);
    else io.err(`${paint(io.colour.err, "red", "error:")} ${name}: ${error}`);
  return results.some(({ error }) => error !== undefined) ? 1 : 0;
}

async function writeOne(
  requests: Requests,
  one: Accepted,
  before: StoredRequest | undefined,
  dryRun: boolean,
): Promise<{ action: string; error?: string }> {
  const wanted = before ? keepingTheVerb(one, asWritten(before).annotations[renewAnnotation]) : one;
  if (before && saysTheSame(before, wanted)) return { action: "unchanged" };
  const action = before ? "configured" : "created";
  const forbidden = before && mayNotBecome(before, wanted);
  if (forbidden !== undefined) return { action, error: forbidden };
  try {
    if (!dryRun) await requests.put(wanted.request);
    return { action };
  } catch (error) {
    return { action, error: error instanceof Error ? error.message : String(error) };
  }
}

/** A file does not know when `renew` asked last; without the annotation an answered question would look open again. */
function keepingTheVerb(one: Accepted, renewRequestedAt: string | undefined): Accepted {
  const annotations = asMap(one.request.metadata.annotations);
  if (renewRequestedAt === undefined || renewAnnotation in annotations) return one;
  const metadata = { ...one.request.metadata, annotations: { ...annotations, [renewAnnotation]: renewRequestedAt } };
  return { ...one, request: { ...one.request, metadata } };
}
