import { randomUUID } from "node:crypto";
import {
  chmodSync,
  closeSync,
  existsSync,
  fsyncSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
} from "node:fs";
import { join } from "node:path";
import { Failure } from "./failure.ts";
import { writeWhole } from "./write-files.ts";

/**
 * Files that change together, as kubelet lays out a mounted Secret: each version lies in a folder of its own, `..<uuid>`, the
 * link `..data` names the current one, and `tls.crt` is a link to `..data/tls.crt`. Renaming a new `..data` over the old one
 * swaps all of them at once, so that nobody who opens the files after that mixes two versions.
 */
type Files = [name: string, content: Uint8Array][];

const current = "..data";
const isOurs = /^\.\.[0-9a-f]{8}-[0-9a-f-]{27}$/;

/**
 * Writes a version, 0600, in a directory that is made with 0700 if it is not there, and swaps it in; until then nothing is
 * changed. Keys that the version does not have go. Throws Failure.
 */
export function writeVersion(directory: string, files: Files): void {
  const folder = `..${randomUUID()}`;
  try {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    refuseFolders(directory, files);
    fillFolder(directory, folder, files);
    renameLink(directory, current, folder);
  } catch (error) {
    rmSync(join(directory, folder), { recursive: true, force: true });
    throw failed(directory, error);
  }
  linkFiles(directory, files);
}

/** Whether the directory shows exactly these files, by the links that writeVersion makes. */
export function holdsVersion(directory: string, files: Files): boolean {
  try {
    const same = ([name, content]: Files[number]) =>
      isLinkTo(join(directory, name), target(name)) && readFileSync(join(directory, name)).equals(content);
    return files.every(same) && strayLinks(directory, files).length === 0;
  } catch {
    return false;
  }
}

/** What has been done for the current version is remembered in its folder, and goes with it. */
export function isMarked(directory: string, mark: string): boolean {
  return existsSync(join(directory, current, mark));
}

export function markVersion(directory: string, mark: string): void {
  try {
    writeWhole(join(directory, current, mark), new Uint8Array());
  } catch (error) {
    throw failed(directory, error);
  }
}

/** Removes the versions before the current one, and what a writer that died has left. */
export function removeFormer(directory: string): void {
  try {
    const kept = readlinkSync(join(directory, current));
    for (const name of readdirSync(directory))
      if (isOurs.test(name) && name !== kept) rmSync(join(directory, name), { recursive: true, force: true });
  } catch (error) {
    throw failed(directory, error);
  }
}

/** The folder takes the directory's mode, so that who may enter one may enter the other. */
function fillFolder(directory: string, folder: string, files: Files): void {
  const path = join(directory, folder);
  mkdirSync(path, { mode: 0o700 });
  for (const [name, content] of files) writeWhole(join(path, name), content);
  chmodSync(path, statSync(directory).mode & 0o7777);
  sync(path);
}

/** A folder where a file belongs would stop the change half-way. */
function refuseFolders(directory: string, files: Files): void {
  for (const [name] of files) {
    const path = join(directory, name);
    if (lstatSync(path, { throwIfNoEntry: false })?.isDirectory()) throw new Error(`${path} is a directory`);
  }
}

function linkFiles(directory: string, files: Files): void {
  try {
    for (const [name] of files)
      if (!isLinkTo(join(directory, name), target(name))) renameLink(directory, name, target(name));
    for (const name of strayLinks(directory, files)) rmSync(join(directory, name), { force: true });
    sync(directory);
  } catch (error) {
    throw failed(directory, error);
  }
}

/** Links of ours to keys that are not in the version. */
function strayLinks(directory: string, files: Files): string[] {
  const names = new Set(files.map(([name]) => name));
  return readdirSync(directory).filter(
    (name) => !names.has(name) && name !== current && isLinkTo(join(directory, name), target(name)),
  );
}

function target(name: string): string {
  return join(current, name);
}

function isLinkTo(path: string, to: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() === true && readlinkSync(path) === to;
}

/** A rename replaces what is there in one step, be it a file or a link. */
function renameLink(directory: string, name: string, to: string): void {
  const temporary = join(directory, `..${randomUUID()}`);
  symlinkSync(to, temporary);
  try {
    renameSync(temporary, join(directory, name));
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
}

function sync(folder: string): void {
  const handle = openSync(folder, "r");
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}

function failed(directory: string, error: unknown): Failure {
  return new Failure(`cannot write to ${directory}: ${(error as Error).message}`);
}
