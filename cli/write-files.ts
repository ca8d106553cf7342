import { randomUUID } from "node:crypto";
import { closeSync, fsyncSync, mkdirSync, openSync, renameSync, rmSync, writeSync } from "node:fs";
import { join } from "node:path";
import { Failure } from "./failure.ts";

/**
 * Writes files for their owner's eyes only: 0600, in a directory that is made with 0700 if it is not there. All are written
 * beside their places first and then renamed, so a reader sees each file whole. Answers the paths. Throws Failure.
 */
export function writeFiles(directory: string, files: [name: string, content: Uint8Array][]): string[] {
  const written: { temporary: string; path: string }[] = [];
  try {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    for (const [name, content] of files) {
      const temporary = join(directory, `.${name}.${randomUUID()}`);
      written.push({ temporary, path: join(directory, name) });
      writeWhole(temporary, content);
    }
    for (const { temporary, path } of written) renameSync(temporary, path);
  } catch (error) {
    for (const { temporary } of written) rmSync(temporary, { force: true });
    throw new Failure(`cannot write to ${directory}: ${(error as Error).message}`);
  }
  return written.map(({ path }) => path);
}

/** Makes a file of mode 0600 that was not there, and waits until the disk has it. */
export function writeWhole(path: string, content: Uint8Array): void {
  const file = openSync(path, "wx", 0o600);
  try {
    let offset = 0;
    while (offset < content.length) offset += writeSync(file, content, offset);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}
