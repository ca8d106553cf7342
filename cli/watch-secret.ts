import { createPrivateKey, X509Certificate } from "node:crypto";
import { resolve } from "node:path";
import { storedName } from "../core/deps.ts";
import type { ResourceKey } from "../core/resource.ts";
import type { CertificateRow, Issued } from "../core/rows.ts";
import { span } from "./durations.ts";
import { explain, Failure } from "./failure.ts";
import { type Io, paint } from "./io.ts";
import { inNamespace, printedKey } from "./kinds.ts";
import { runShell } from "./shell-command.ts";
import { filesOf } from "./stored-files.ts";
import type { Installation } from "./verb.ts";
import { holdsVersion, isMarked, markVersion, removeFormer, writeVersion } from "./versioned-files.ts";

const longestMs = 300_000;
/** The command has been run for this version of the files. */
const mark = "..done";

export interface Watch {
  key: ResourceKey;
  directory: string;
  intervalMs: number;
  /** For /bin/sh, after each change. */
  command?: string;
}

/**
 * Keeps the files of a directory as the stored secret of a Certificate is, until it is stopped. State's row is read each time,
 * the secret only when the row names another version. After any failure the files stay as they are, and it goes on.
 */
export async function watchSecret(installation: Installation, watch: Watch, io: Io, stop: AbortSignal): Promise<void> {
  const { intervalMs, key } = watch;
  const world: World = { installation, watch, io, stop };
  io.err(`watching ${printedKey(key)}${inNamespace(key)} every ${span(intervalMs)}`);
  let seen: string | undefined;
  for (let failures = 0; !stop.aborted; ) {
    let delayMs = intervalMs;
    try {
      seen = await look(world, seen);
      failures = 0;
    } catch (error) {
      delayMs = Math.min(intervalMs * 2 ** Math.min(failures++, 20), Math.max(intervalMs, longestMs));
      const { message, fix } = explain(error);
      warn(io, `${message}${fix ? ` (${fix})` : ""}; the files stay as they are, next try in ${span(delayMs)}`);
    }
    if (!stop.aborted) await installation.sleep(delayMs, stop);
  }
}

interface World {
  installation: Installation;
  watch: Watch;
  io: Io;
  stop: AbortSignal;
}

/** Answers the version that is dealt with; the one before when the command has to be run again. */
async function look(world: World, seen: string | undefined): Promise<string | undefined> {
  const { installation, watch } = world;
  const row = await installation.state.certificate(watch.key);
  const shown = `${printedKey(watch.key)}${inNamespace(watch.key)}`;
  if (!row || row.deletedAt !== undefined) throw new Failure(`there is no ${shown}`);
  if (!row.issued) throw new Failure(`${shown} has no certificate yet`);
  if (row.issued.versionId === seen) return seen;
  update(world, row, row.issued, await readFiles(installation, watch.key, row.issued));
  const isDone = await runCommand(world, row);
  removeFormer(watch.directory);
  return isDone ? row.issued.versionId : seen;
}

async function readFiles(installation: Installation, { namespace }: ResourceKey, issued: Issued): Promise<Files> {
  const stored = storedName(installation.instance, namespace, issued.secretName);
  const value = await installation.readSecret(issued.store, stored);
  if (value === undefined) throw new Failure(`the stored secret ${stored} is not there`);
  const files = filesOf(value, stored);
  const problem = unfit(new Map(files), issued);
  if (problem !== undefined) throw new Failure(`the stored secret ${stored} ${problem}`);
  return files;
}

type Files = ReturnType<typeof filesOf>;

/** A server that loads files that do not belong together would not start. */
function unfit(files: Map<string, Uint8Array>, issued: Issued): string | undefined {
  try {
    const leaf = new X509Certificate(files.get("tls.crt") ?? "");
    if (leaf.fingerprint256.replaceAll(":", "").toLowerCase() !== issued.fingerprint)
      return "holds another certificate than its Certificate has: a new one is just being written, or somebody else wrote it";
    const key = createPrivateKey(Buffer.from(files.get("tls.key") ?? ""));
    return leaf.checkPrivateKey(key) ? undefined : "holds a key that does not belong to its certificate";
  } catch {
    return "does not hold a certificate and its key";
  }
}

function update({ installation, watch, io }: World, row: CertificateRow, issued: Issued, files: Files): void {
  const { directory, key } = watch;
  if (holdsVersion(directory, files)) return;
  writeVersion(directory, files);
  const left = issued.notAfter - installation.clock.now().getTime();
  const end = left > 0 ? `valid for another ${span(left)}` : "expired";
  const names = files.map(([name]) => name).join(", ");
  io.out(`${printedKey(key)} revision ${row.revision ?? 0} written to ${directory} (${names}), ${end}`);
  if (row.ready.status !== "True") warn(io, `${printedKey(key)} is not Ready; this is its last certificate`);
}

/** Whether nothing is left to run. It is run until it has succeeded once for a version, also over an end of this program. */
async function runCommand({ watch, io, stop }: World, row: CertificateRow): Promise<boolean> {
  const { command, directory, key } = watch;
  if (command === undefined || isMarked(directory, mark)) return true;
  const variables = {
    CERTWRIGHT_NAMESPACE: key.namespace,
    CERTWRIGHT_NAME: key.name,
    CERTWRIGHT_REVISION: String(row.revision ?? 0),
    CERTWRIGHT_DIR: resolve(directory),
  };
  const problem = await runShell(command, variables, stop);
  if (problem === undefined) markVersion(directory, mark);
  else if (!stop.aborted)
    warn(io, `the command ${problem}; the files are new, it is run again in ${span(watch.intervalMs)}`);
  return problem === undefined;
}

function warn(io: Io, text: string): void {
  io.err(`${paint(io.colour.err, "yellow", "warning:")} ${text}`);
}
