import fc from "fast-check";
import { stringify } from "yaml";
import type { Stored } from "../../../adapters/aws/dynamo/expressions.ts";
import { certificateSpec } from "../specs.ts";
import { anyChange, anyValue, attribute, type Change, changed, seed } from "./generated-values.ts";

/** An object as somebody wrote it: into the Requests table, or over the bus. */
export interface Generated {
  way: "table" | "bus";
  namespace: string;
  /** Sort key: `Certificate/g12`. */
  resource: string;
  object: Record<"apiVersion" | "spec" | "metadata", unknown>;
}

/** The item that such an object is in the table. */
export function itemOf({ object }: Generated): Stored {
  const written = Object.entries(object).filter(([, value]) => value !== undefined);
  return Object.fromEntries(written.map(([name, value]) => [name, attribute(value)]));
}

/** So many of them, each with a key of its own; a fifth is as it should be. */
export function generatedObjects(count: number): Generated[] {
  return fc.sample(anyObject, { numRuns: count, seed }).map((make, index) => make(index));
}

const richSpec = (name: string) =>
  certificateSpec(name, {
    commonName: `${name}.example.test`,
    duration: "2160h",
    renewBefore: "360h",
    usages: ["server auth", "client auth"],
    secretTemplate: { annotations: { a: "b" }, labels: { team: "web" } },
    revisionHistoryLimit: 3,
  });

const issuerSpec = (name: string) => ({
  acme: {
    server: "https://memory.test/directory",
    email: "ops@example.test",
    profile: "default",
    privateKeySecretRef: { name: `${name}-account` },
    solvers: [{ selector: { dnsZones: ["example.test"] }, dns01: { route53: { region: "eu-central-1" } } }],
  },
});

const metadata = (name: string) => ({
  name,
  labels: { team: "web" },
  annotations: {
    "certwright.dev/store": "s3",
    "certwright.dev/deletion-policy": "delete",
    "certwright.dev/recovery-window-days": "7",
    "certwright.dev/renew-requested-at": "2026-11-22T12:00:00Z",
    "certwright.dev/rate-limits": '{"executions":"off"}',
  },
});

const anyChanges: fc.Arbitrary<Change[]> = fc.oneof(
  { weight: 1, arbitrary: fc.constant<Change[]>([]) },
  { weight: 3, arbitrary: fc.array(anyChange, { minLength: 1, maxLength: 3 }) },
);

/** One time in so many. */
function rarely<Value>(oneIn: number, arbitrary: fc.Arbitrary<Value>): fc.Arbitrary<Value | undefined> {
  return fc.oneof({ weight: oneIn - 1, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary });
}

/** How a tree is written: as a map, as JSON, as YAML, and what text is then cut or put in. */
const anyWriting = fc.record({
  as: fc.constantFrom("map", "map", "map", "json", "yaml"),
  cut: rarely(3, fc.tuple(fc.nat(400), fc.string({ unit: "binary", maxLength: 3 }))),
});

type Writing = { as: string; cut: [number, string] | undefined };

function written(tree: unknown, { as, cut }: Writing): unknown {
  if (as === "map") return tree;
  const text = as === "json" ? asJson(tree) : asYaml(tree);
  return cut ? `${text.slice(0, cut[0])}${cut[1]}${text.slice(cut[0] + 1)}` : text;
}

function asJson(tree: unknown): string {
  return JSON.stringify(tree) ?? "";
}

function asYaml(tree: unknown): string {
  return stringify(JSON.parse(JSON.stringify(tree ?? null)));
}

const anyObject: fc.Arbitrary<(index: number) => Generated> = fc
  .record({
    way: fc.constantFrom("table" as const, "table" as const, "bus" as const),
    kind: fc.constantFrom(...new Array(8).fill("Certificate"), "Issuer", "ClusterIssuer"),
    strangeName: rarely(20, fc.constantFrom("UPPER", "a_b", "-x", "ü", "a".repeat(260), " ", "x/y")),
    namespace: fc.constantFrom(...new Array(17).fill("web"), "_cluster", "UP", "a".repeat(70)),
    rich: fc.boolean(),
    changes: anyChanges,
    writing: anyWriting,
    metadataChanges: anyChanges,
    hasMetadata: fc.constantFrom(false, false, true),
    anything: rarely(12, anyValue),
    apiVersion: fc.oneof({ weight: 12, arbitrary: fc.constantFrom("cert-manager.io/v1", undefined) }, anyValue),
  })
  .map((made) => (index) => {
    const { kind, way, strangeName, writing, anything } = made;
    const name = `g${index}${strangeName ?? ""}`;
    const certificate = made.rich ? richSpec : certificateSpec;
    const tree = kind === "Certificate" ? certificate(name) : issuerSpec(name);
    const onBus = way === "bus" && kind === "Certificate";
    const object = {
      apiVersion: made.apiVersion,
      spec: anything ?? written(changed(tree, made.changes), writing),
      metadata: made.hasMetadata ? changed(metadata(name), made.metadataChanges) : undefined,
    };
    return {
      way: onBus ? "bus" : "table",
      namespace: kind === "ClusterIssuer" ? "_cluster" : made.namespace,
      resource: `${kind}/${name}`,
      object,
    };
  });
