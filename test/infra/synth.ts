import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { IPolicyValidationPlugin } from "aws-cdk-lib";
import { App, Validations } from "aws-cdk-lib";
import { afterAll } from "vitest";
import type { CertwrightCode } from "../../cdk/constructs/certwright.ts";
import { functionNames } from "../../cdk/functions.ts";
import type { CertwrightProps } from "../../cdk/props.ts";
import { Installation } from "../../cdk/stacks/installation.ts";

export const account = "111122223333";
export const region = "eu-west-1";

export interface Resource {
  Type: string;
  // biome-ignore lint/suspicious/noExplicitAny: CloudFormation's own shapes, asserted by the tests.
  Properties: any;
  DeletionPolicy?: string;
  UpdateReplacePolicy?: string;
}

export interface Synthesized {
  resources: Record<string, Resource>;
  outputs: Record<string, unknown>;
  /** The template on disk; it lives as long as the test file runs. */
  file: string;
  ofType(type: string): Resource[];
  /** The one resource of this type, or the one whose name it is. */
  one(type: string, name?: string): Resource;
  /** `requests` for the Arn of the Requests table, and so on: what a reference points to, for reading. */
  named(value: unknown): string;
}

interface Options extends CertwrightCode {
  /** With the CDK's own validation, as cdk.json has it, and with this one's: seconds instead of half a one. */
  validation?(app: App): IPolicyValidationPlugin;
}

const defaultRules = "@aws-cdk/core:validateAgainstDefaultRules";

const scratch = mkdtempSync(join(tmpdir(), "certwright-infra-"));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));
let count = 0;

/** Synthesizes an installation with the flags of cdk.json and empty functions. */
export function synthesize(props: CertwrightProps = {}, { validation, ...code }: Options = {}): Synthesized {
  const { context } = JSON.parse(readFileSync("cdk.json", "utf8"));
  count += 1;
  const outdir = join(scratch, `out-${count}`);
  const app = new App({ context: validation ? context : { ...context, [defaultRules]: false }, outdir });
  if (validation) Validations.of(app).addPlugins(validation(app));
  const stack = new Installation(app, props, { env: { account, region } }, { functions: emptyFunctions(), ...code });
  app.synth();
  return read(join(outdir, `${stack.artifactId}.template.json`));
}

/** A file that lives as long as the test file runs. */
export function scratchFile(name: string, text: string): string {
  const file = join(scratch, name);
  writeFileSync(file, text);
  return file;
}

/** A folder with a handler of nothing for each function: synth needs no esbuild. */
export function emptyFunctions(): string {
  const folder = join(scratch, "functions");
  for (const name of functionNames) {
    mkdirSync(join(folder, name), { recursive: true });
    writeFileSync(join(folder, name, "index.mjs"), "export const handler = async () => ({});\n");
  }
  return folder;
}

function read(file: string): Synthesized {
  const template = JSON.parse(readFileSync(file, "utf8"));
  const resources: Record<string, Resource> = template.Resources;
  const ofType = (type: string) => Object.values(resources).filter((resource) => resource.Type === type);
  return {
    resources,
    outputs: template.Outputs ?? {},
    file,
    ofType,
    one: (type, name) => {
      const found = ofType(type).filter((resource) => !name || namesOf(resource).includes(name));
      if (found.length !== 1 || !found[0]) throw new Error(`${found.length} of ${type} ${name ?? ""}, not one`);
      return found[0];
    },
    named: (value) => named(resources, value),
  };
}

function namesOf({ Properties: properties }: Resource): string[] {
  return Object.entries(properties).flatMap(([key, value]) =>
    /Name$|^Name$/.test(key) && typeof value === "string" ? [value] : [],
  );
}

function named(resources: Record<string, Resource>, value: unknown): string {
  if (typeof value === "string") return short(value);
  const { "Fn::GetAtt": attribute, "Fn::Join": join, Ref: ref } = value as Record<string, unknown[]>;
  if (join) return (join[1] as unknown[]).map((part) => named(resources, part)).join("");
  const id = String(attribute?.[0] ?? ref);
  const resource = resources[id];
  if (!resource) return id;
  const suffix = attribute && attribute[1] !== "Arn" ? ` ${attribute[1]}` : "";
  return `${short(namesOf(resource)[0] ?? id.replace(/^Certwright|[0-9A-F]{8}$/g, ""))}${suffix}`;
}

function short(text: string): string {
  return text.replace(`:${region}:${account}:`, "::").replace(`-${account}-${region}`, "");
}
