import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import {
  type Document,
  isAlias,
  isMap,
  isPair,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  parseAllDocuments,
} from "yaml";
import { Failure } from "./failure.ts";

/** Text that holds objects, and what to call it in a message. */
export interface Source {
  file: string;
  text: string;
}

/** One object as somebody wrote it, and where its fields stand. */
export interface Manifest {
  file: string;
  /** As parsed, of any shape. */
  value: unknown;
  /** The 1-based line of a field (`["spec", "dnsNames", 0]`), or of the nearest parent that is written. */
  lineOf(path: (string | number)[]): number;
}

/** Something wrong in a text, before its objects are looked at. */
export interface SyntaxFault {
  file: string;
  line: number;
  message: string;
}

const extensions = [".json", ".yaml", ".yml"];

/** Reads a file, the YAML and JSON files of a directory in order of name, or stdin for `-`. Throws Failure. */
export async function readSources(
  path: string,
  recursive: boolean,
  readStdin: () => Promise<string>,
): Promise<Source[]> {
  if (path === "-") return [{ file: "stdin", text: await readStdin() }];
  const files = isDirectory(path) ? filesIn(path, recursive) : [path];
  if (files.length === 0)
    throw new Failure(`no file in ${path} ends in ${extensions.join(", ")}`, "Add -R to look into its folders too.");
  return files.map((file) => ({ file, text: readText(file) }));
}

/** The objects of a text: YAML documents or JSON, Lists taken apart, empty documents left out. */
export function parseManifests(source: Source): { manifests: Manifest[]; faults: SyntaxFault[] } {
  const lines = new LineCounter();
  const documents = parseAllDocuments(source.text, { lineCounter: lines, merge: true, prettyErrors: false });
  const manifests: Manifest[] = [];
  const faults: SyntaxFault[] = [];
  for (const document of "empty" in documents ? [] : documents) {
    const before = faults.length;
    for (const { message, pos } of document.errors)
      faults.push({ file: source.file, line: lines.linePos(pos[0]).line, message });
    if (faults.length > before) continue;
    const value = contentOf(document);
    if (value instanceof Error) faults.push({ file: source.file, line: 1, message: value.message });
    else if (value !== null && value !== undefined) manifests.push(...objectsOf(source.file, value, document, lines));
  }
  return { manifests, faults };
}

/** A document may break while it is made into values: an alias without an anchor, or aliases that explode. */
function contentOf(document: Document): unknown {
  try {
    return document.toJS({ maxAliasCount: 100 });
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
}

function objectsOf(file: string, value: unknown, document: Document, lines: LineCounter): Manifest[] {
  const at = (prefix: (string | number)[]) => (path: (string | number)[]) =>
    lineAt(document, [...prefix, ...path], lines);
  const { kind, items } = value as { kind?: unknown; items?: unknown };
  if (typeof kind === "string" && kind.endsWith("List") && Array.isArray(items))
    return items.map((item, index) => ({ file, value: item, lineOf: at(["items", index]) }));
  return [{ file, value, lineOf: at([]) }];
}

/** Follows the path as far as it is written; a field's line is its key's, which an empty value does not have. */
function lineAt(document: Document, path: (string | number)[], lines: LineCounter): number {
  let node: unknown = document.contents;
  let offset = startOf(node) ?? 0;
  for (const part of path) {
    const container = isAlias(node) ? node.resolve(document) : node;
    const next = stepInto(container, part);
    if (!next) break;
    offset = startOf(next.marker) ?? offset;
    node = next.node;
  }
  return lines.linePos(offset).line;
}

function stepInto(container: unknown, part: string | number): { marker: unknown; node: unknown } | undefined {
  if (isSeq(container)) {
    const node = container.items[Number(part)];
    return node === undefined ? undefined : { marker: node, node };
  }
  if (!isMap(container)) return undefined;
  const pair = container.items.find((item) => isScalar(item.key) && String(item.key.value) === String(part));
  return isPair(pair) ? { marker: pair.key, node: pair.value } : undefined;
}

function startOf(node: unknown): number | undefined {
  return (node as Node | null)?.range?.[0];
}

function isDirectory(path: string): boolean {
  try {
    return statSync(path).isDirectory();
  } catch (error) {
    throw new Failure(`cannot read ${path}: ${causeOf(error)}`);
  }
}

function filesIn(directory: string, recursive: boolean): string[] {
  return readdirSync(directory, { recursive, encoding: "utf8" })
    .filter((name) => extensions.some((extension) => name.endsWith(extension)))
    .map((name) => join(directory, name))
    .filter((file) => statSync(file).isFile())
    .sort();
}

function readText(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    throw new Failure(`cannot read ${file}: ${causeOf(error)}`);
  }
}

function causeOf(error: unknown): string {
  const { code } = error as { code?: string };
  if (code === "ENOENT") return "there is no such file or directory";
  if (code === "EACCES") return "permission denied";
  return error instanceof Error ? error.message : String(error);
}
