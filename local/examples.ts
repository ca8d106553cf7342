import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parseAllDocuments } from "yaml";
import { root } from "./paths.ts";
import type { Manifest } from "./requests.ts";

const folder = join(root, "examples");
const ofKubernetes = "kubernetes";

/** The objects of all examples that need no AWS account and no cluster: not those of folders called `aws-...` or `kubernetes`. */
export function readExamples(): Manifest[] {
  const names = readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && !entry.name.startsWith("aws-") && entry.name !== ofKubernetes)
    .map((entry) => entry.name);
  return names.sort().flatMap(readFolder);
}

/** The objects of examples/kubernetes. */
export function readKubernetesExamples(): Manifest[] {
  return readFolder(ofKubernetes);
}

function readFolder(name: string): Manifest[] {
  return readdirSync(join(folder, name))
    .sort()
    .flatMap((file) => read(join(folder, name, file)));
}

function read(file: string): Manifest[] {
  if (!/\.ya?ml$/.test(file)) return [];
  return parseAllDocuments(readFileSync(file, "utf8"))
    .filter((document) => document.contents !== null)
    .map((document) => {
      if (document.errors[0]) throw new Error(`${file}: ${document.errors[0].message}`);
      return document.toJS() as Manifest;
    });
}
