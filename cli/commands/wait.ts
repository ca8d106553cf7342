import { familyOf, idOf, type ResourceKey } from "../../core/resource.ts";
import type { Condition } from "../../core/status.ts";
import { stepIn } from "../../core/status.ts";
import { parseTimeout, took } from "../durations.ts";
import { UsageError } from "../failure.ts";
import { type Io, paint } from "../io.ts";
import { keyIn, parseNamed, printedKey } from "../kinds.ts";
import { findObject, isDecided, notFound, rowOf, type Seen } from "../objects.ts";
import { secretsOf, statusWord } from "../summary.ts";
import { syncedIn } from "../synced.ts";
import { servesTheRequest } from "../up-to-date.ts";
import type { Call, Installation, Verb } from "../verb.ts";

const pollMs = 500;

/** Blocks until a condition holds for what the request says now. */
export const wait: Verb = {
  name: "wait",
  summary: "Wait until an object is ready, or gone",
  usage: ["wait KIND/NAME... [--for=condition=Ready] [--timeout=60s] [-n NAMESPACE]"],
  notes: [
    "Looks at what the object says now: a Ready from before an edit or before `renew` does not count.",
    "The steps go to stderr. When the time is over: exit code 1 and the reason.",
  ],
  options: ["for", "timeout", "namespace"],
  examples: [
    ["Until the certificate can be used", "certwright wait certificate/web --for=condition=Ready --timeout=60s"],
    ["Until an issuer is registered", "certwright wait clusterissuer/letsencrypt"],
    ["Until it is in all its Kubernetes clusters", "certwright wait certificate/web --for=condition=Synced"],
    ["Until a Kubernetes cluster answers", "certwright wait cluster/shop"],
    ["Until nothing works on it any more", "certwright wait certificate/web --for=delete"],
  ],
  run: runWait,
};

/** What is waited for. */
type Goal = { what: "delete" } | { what: "condition"; type: Condition["type"]; status: string };

async function runWait({ values, args, io, connect }: Call): Promise<number> {
  const targets = parseNamed(args);
  const goal = parseGoal(values.for ?? "condition=Ready");
  const timeoutMs = parseTimeout(values.timeout ?? "60s");
  const other = targets.find(({ kind }) => kind !== "Certificate");
  if (goal.what === "condition" && goal.type === "Synced" && other)
    throw new UsageError(`only Certificates are Synced, not ${printedKey(other)}`);
  const keys = targets.map(({ kind, name }) => keyIn(values.namespace ?? "default", kind, name));
  const installation = await connect();
  const start = installation.clock.now().getTime();
  let failed = 0;
  for (const key of keys) {
    const problem = await waitFor(installation, key, goal, { start, timeoutMs, io });
    if (problem === undefined) io.out(`${printedKey(key)} ${goal.what === "delete" ? "deleted" : "condition met"}`);
    else {
      failed++;
      io.err(`${paint(io.colour.err, "red", "error:")} ${problem}`);
    }
  }
  return failed > 0 ? 1 : 0;
}

/** Undefined when the goal is reached, else why not. */
async function waitFor(
  installation: Installation,
  key: ResourceKey,
  goal: Goal,
  { start, timeoutMs, io }: { start: number; timeoutMs: number; io: Io },
): Promise<string | undefined> {
  const { clock, sleep } = installation;
  let shown = "";
  for (;;) {
    const seen = await look(installation, key, goal);
    if (!seen && goal.what === "condition") return notFound(key).message;
    if (await isReached(installation, key, seen, goal)) return undefined;
    const passed = clock.now().getTime() - start;
    const now = seen ? progressOf(seen) : "being forgotten";
    if (now !== shown) io.err(paint(io.colour.err, "dim", `${took(passed).padStart(7)}  ${printedKey(key)}  ${now}`));
    shown = now;
    if (passed >= timeoutMs) return timedOut(key, goal, seen);
    await sleep(Math.min(pollMs, timeoutMs - passed));
  }
}

/** The object, and how it is in its clusters when that is asked for. */
async function look(installation: Installation, key: ResourceKey, goal: Goal): Promise<Looked | undefined> {
  const seen = await findObject(installation, key);
  if (!seen || goal.what === "delete" || goal.type !== "Synced") return seen;
  return { ...seen, synced: await syncedIn(installation, seen) };
}

interface Looked extends Seen {
  synced?: Condition;
}

async function isReached(
  installation: Installation,
  key: ResourceKey,
  seen: Looked | undefined,
  goal: Goal,
): Promise<boolean> {
  if (goal.what === "delete") return !seen && (await isForgotten(installation, key));
  if (!seen || !isDecided(seen)) return false;
  const condition = conditionOf(seen, goal.type);
  if ((condition?.status ?? "False") !== goal.status) return false;
  const isServing = goal.type !== "Issuing" && goal.status === "True";
  return !isServing || !seen.certificate || servesTheRequest(installation, seen);
}

/** A request that is gone is forgotten when its row has become a tombstone. */
async function isForgotten({ state }: Installation, key: ResourceKey): Promise<boolean> {
  const row = await rowAt(state, key);
  // A Cluster or Bundle that is deleted has a row until what it had written elsewhere is gone.
  const isLast = key.kind === "Cluster" || key.kind === "Bundle" ? row?.expiresAt : row?.deletedAt;
  return row === undefined || isLast !== undefined;
}

function rowAt(
  state: Installation["state"],
  key: ResourceKey,
): Promise<{ deletedAt?: number; expiresAt?: number } | undefined> {
  if (key.kind === "Cluster") return state.cluster(key);
  if (key.kind === "Bundle") return state.bundle(key);
  return familyOf(key.kind) === "certificate" ? state.certificate(key) : state.issuer(key);
}

function conditionOf(seen: Looked, type: Condition["type"]): Condition | undefined {
  if (type === "Synced") return seen.synced;
  return type === "Issuing" ? seen.certificate?.issuing : rowOf(seen)?.ready;
}

/** The step while an attempt runs, else the word of the table. */
function progressOf(seen: Looked): string {
  const working = seen.certificate?.issuing?.status === "True" && seen.attempt;
  const secrets = seen.cluster?.mirrors === undefined ? "" : `, ${secretsOf(seen.cluster)} secrets in sync`;
  const clusters = seen.synced && seen.synced.status !== "True" ? `, ${seen.synced.reason}` : "";
  return working ? stepIn(working) : `${statusWord(seen)}${secrets}${clusters}`;
}

function timedOut(key: ResourceKey, goal: Goal, seen: Looked | undefined): string {
  const what = goal.what === "delete" ? "its deletion" : `${goal.type}=${goal.status}`;
  return `timed out waiting for ${printedKey(key)}, ${what}: ${seen ? whyNot(seen) : `${idOf(key)} is still being forgotten`}`;
}

function whyNot(seen: Looked): string {
  const { certificate } = seen;
  if (!isDecided(seen)) return "certwright has not yet decided on what it says now";
  const inHand = certificate?.issuing;
  const isReady = certificate?.ready.status === "True";
  const shown = isReady ? (inHand ?? seen.synced ?? certificate.ready) : rowOf(seen)?.ready;
  const step = seen.attempt ? ` (step ${stepIn(seen.attempt)})` : "";
  return shown ? `${shown.type} is ${shown.status}: ${shown.reason}: ${shown.message}${step}` : "it has no status yet";
}

function parseGoal(text: string): Goal {
  if (text === "delete") return { what: "delete" };
  const [, type, status = "True"] = /^condition=(\w+)(?:=(\w+))?$/i.exec(text) ?? [];
  const known = (["Ready", "Issuing", "Synced"] as const).find((name) => name.toLowerCase() === type?.toLowerCase());
  const value = ["True", "False", "Unknown"].find((name) => name.toLowerCase() === status.toLowerCase());
  if (known && value) return { what: "condition", type: known, status: value };
  throw new UsageError(
    `--for=${text} is not known: write condition=Ready, condition=Synced, condition=Issuing=False ... or delete`,
  );
}
