import { annotationNames } from "../../core/annotations.ts";
import { idOf, parseId } from "../../core/resource.ts";
import type { RevocationRow } from "../../core/revocation/state.ts";
import { type RevocationWish, revocationReasons, revocationSigners } from "../../core/revocation/wish.ts";
import type { AttemptRef } from "../../core/rows.ts";
import { parseTimeout, took } from "../durations.ts";
import { Failure, UsageError } from "../failure.ts";
import { type Io, paint } from "../io.ts";
import { certificateName, printedKey } from "../kinds.ts";
import { oneObject, type Seen } from "../objects.ts";
import type { Call, Installation, Verb } from "../verb.ts";

const pollMs = 1_000;

/** Has a certificate revoked and replaced, and says what was done. */
export const revoke: Verb = {
  name: "revoke",
  summary: "Revoke the certificate in use at its CA, and replace it",
  usage: ["revoke NAME [--reason REASON] [--with account|certificateKey] [--timeout 5m] [-n NAMESPACE]"],
  notes: [
    `Reasons: ${revocationReasons.join(", ")} (RFC 5280). Without one: unspecified.`,
    "keyCompromise blocks the key for ever: every Certificate that has it is revoked and gets a new key, too.",
    "The ACME account signs the wish; a leaked key proves itself, unless --with says otherwise.",
    "It goes on by itself when the time is over; `describe certificate` shows how far it is.",
  ],
  options: ["reason", "with", "timeout", "namespace"],
  examples: [
    ["The private key leaked", "certwright revoke web --reason keyCompromise"],
    ["The service was shut down", "certwright revoke old --reason cessationOfOperation -n shop"],
  ],
  run: runRevoke,
};

async function runRevoke({ values, args, io, connect }: Call): Promise<number> {
  const [name, ...more] = args.map((arg) => certificateName(arg, "revoked"));
  if (name === undefined || more.length > 0) throw new UsageError("name one Certificate");
  const wish = readWish(values);
  const timeoutMs = parseTimeout(values.timeout ?? "5m");
  const installation = await connect();
  const seen = await oneObject(installation, { kind: "Certificate", name }, values.namespace ?? "default");
  const ref = inUse(seen);
  await ask(installation, seen, ref, wish);
  io.out(`${printedKey(seen.key)} revocation requested (${wish.reason})`);
  return follow(installation, ref, { io, timeoutMs });
}

function readWish(values: Call["values"]): Omit<RevocationWish, "at"> {
  const reason = revocationReasons.find((known) => known === (values.reason ?? "unspecified"));
  if (!reason) throw new UsageError(`--reason=${values.reason} is not known: write ${revocationReasons.join(", ")}`);
  const signer = revocationSigners.find((known) => known === values.with);
  if (values.with !== undefined && !signer)
    throw new UsageError(`--with=${values.with} is not known: write ${revocationSigners.join(" or ")}`);
  return { reason, ...(signer ? { with: signer } : {}) };
}

/** What the secret holds now. Throws Failure where nobody could act on the wish. */
function inUse({ key, certificate }: Seen): AttemptRef {
  const attemptId = certificate?.issued?.attemptId;
  if (!certificate || attemptId === undefined)
    throw new Failure(`${printedKey(key)} has no certificate to revoke`, "See `certwright describe certificate`.");
  if (certificate.ready.reason === "InvalidSpec")
    throw new Failure(`the spec of ${printedKey(key)} is not valid: ${certificate.ready.message}`, "Correct it first.");
  return { namespace: key.namespace, name: key.name, attemptId };
}

/** A clock that is behind the one that issued must not make the wish older than the certificate. */
async function ask({ annotate, state, clock }: Installation, { key }: Seen, ref: AttemptRef, wish: object) {
  const started = (await state.attempts([ref])).get(ref.attemptId)?.startedAt ?? 0;
  const at = new Date(Math.max(clock.now().getTime(), started + 1)).toISOString();
  await annotate(key, annotationNames.revokeRequested, JSON.stringify({ at, ...wish }));
}

/** Prints each thing that was done, of it and of those that share its key; 0 when the CA took all of it. */
async function follow(
  installation: Installation,
  first: AttemptRef,
  { io, timeoutMs }: { io: Io; timeoutMs: number },
): Promise<number> {
  const { clock, sleep } = installation;
  const start = clock.now().getTime();
  const said = new Set<string>();
  for (;;) {
    const rows = await withSharers(installation, first);
    const passed = clock.now().getTime() - start;
    for (const line of rows.flatMap(linesOf).filter((one) => !said.has(one))) {
      said.add(line);
      io.err(paint(io.colour.err, "dim", `${took(passed).padStart(7)}  ${line}`));
    }
    if (rows.length > 0 && rows.every(({ ended }) => ended)) return report(rows, io);
    if (passed >= timeoutMs) {
      const [open] = rows.filter(({ ended }) => !ended);
      const why = open?.message ?? (open ? "it is under way" : "nobody has taken it up yet");
      io.err(`${paint(io.colour.err, "red", "error:")} not done after ${took(passed)}: ${why}; it goes on by itself`);
      return 1;
    }
    await sleep(Math.min(pollMs, timeoutMs - passed));
  }
}

/** Those of a namespace that this user may not read go on unseen. */
async function withSharers({ state }: Installation, ref: AttemptRef): Promise<RevocationRow[]> {
  const row = await state.revocation(ref);
  if (!row) return [];
  const keys = (row.shared ?? []).flatMap((id) => parseId(id) ?? []);
  const others = await Promise.all(keys.map((key) => state.revocationsOf(key).catch(() => [])));
  const sharers = others.flat().filter(({ sharedWith, requestedAt }) => sharedWith && requestedAt === row.requestedAt);
  return Promise.all([row, ...sharers].map((one) => seenReplaced(state, one)));
}

/** The function looks again after a minute; who waits sees the new certificate at once. */
async function seenReplaced(state: Installation["state"], row: RevocationRow): Promise<RevocationRow> {
  const told = row.revokedAt ?? row.refusal;
  if (row.ended || told === undefined) return row;
  const { namespace, name, attemptId } = row.ref;
  const issued = (await state.certificate({ namespace, kind: "Certificate", name }))?.issued;
  return issued === undefined || issued.attemptId === attemptId ? row : { ...row, ended: "replaced" };
}

/** What was reached, a line each. */
function linesOf(row: RevocationRow): string[] {
  const id = nameOf(row);
  return [
    ...(row.blocked ? [`${id}: its key is blocked for ever`] : []),
    ...(row.shared ?? []).map((other) => `${id}: shares its key with ${other}`),
    ...(row.revokedAt ? [`${id}: revoked at the CA`] : []),
    ...(row.refusal ? [`${id}: not revoked: ${row.refusal}`] : []),
    ...(row.ended === "replaced" ? [`${id}: replaced`] : []),
  ];
}

function report(rows: RevocationRow[], io: Io): number {
  const refused = rows.filter(({ revokedAt }) => revokedAt === undefined);
  const replaced = rows.filter(({ ended }) => ended === "replaced").length;
  io.out(`revoked ${rows.length - refused.length} of ${rows.length}, replaced ${replaced}`);
  for (const row of refused)
    io.err(`${paint(io.colour.err, "red", "error:")} ${nameOf(row)} was not revoked: ${row.refusal}`);
  return refused.length > 0 ? 1 : 0;
}

function nameOf({ ref: { namespace, name } }: RevocationRow): string {
  return idOf({ namespace, kind: "Certificate", name });
}
