import type { Kind } from "../../core/resource.ts";
import { rfc3339, stepIn } from "../../core/status.ts";
import { textAt } from "../as-written.ts";
import { span } from "../durations.ts";
import { UsageError } from "../failure.ts";
import { parseTargets } from "../kinds.ts";
import { kubernetesShape, listShape } from "../kubernetes-shape.ts";
import { listObjects, oneObject, type Scope, type Seen, scopeOf } from "../objects.ts";
import { document, type Format, parseFormat } from "../output.ts";
import { parseSelector } from "../selector.ts";
import { issuerType, namesOf, readiness, shortNames, statusWord, styleOfReadiness } from "../summary.ts";
import { type Cell, table } from "../table.ts";
import type { Call, Installation, Verb } from "../verb.ts";

/** Lists objects as a table, or prints them in Kubernetes' shape. */
export const get: Verb = {
  name: "get",
  summary: "List objects, or print them as JSON or YAML",
  usage: ["get KIND [NAME...] [-n NAMESPACE|-A] [-l SELECTOR] [-o wide|json|yaml]", "get KIND/NAME..."],
  notes: [
    "READY is the Ready condition, STATUS what goes on or the reason why nothing does,",
    "AGE how long READY has been so.",
  ],
  options: ["namespace", "all-namespaces", "selector", "output"],
  examples: [
    ["The Certificates of a namespace", "certwright get certificates -n web"],
    ["What expires first, over all namespaces", "certwright get certs -A -o wide"],
    ["One field for a script", "certwright get certificate web -o json | jq -r .status.notAfter"],
    ["The issuers that serve every namespace", "certwright get clusterissuers"],
  ],
  run: runGet,
};

async function runGet({ values, args, io, connect }: Call): Promise<number> {
  const format = parseFormat(values.output);
  const targets = parseTargets(args);
  const selects = parseSelector(values.selector);
  const scope = scopeOf(values);
  const named = targets.some(({ name }) => name !== undefined);
  if (named && (scope.all || values.selector !== undefined)) throw new UsageError("a name goes with neither -A nor -l");
  const installation = await connect();
  const found: Seen[] = [];
  for (const { kind, name } of targets) {
    if (name === undefined) found.push(...(await listObjects(installation, kind, scope)));
    else found.push(await oneObject(installation, { kind, name }, scope.namespace));
  }
  const objects = found.filter(({ written }) => selects(written.labels));
  if (format === "json" || format === "yaml") {
    const shapes = objects.map(kubernetesShape);
    const single = named && targets.length === 1 ? shapes[0] : undefined;
    io.out(document(single ?? listShape(shapes), format));
  } else if (objects.length === 0) io.err(nothingIn(targets[0]?.kind, scope));
  else io.out(tables(objects, { scope, format, colour: io.colour.out }, installation));
  return 0;
}

interface Look {
  scope: Scope;
  format: Format;
  colour: boolean;
}

function tables(objects: Seen[], look: Look, { clock }: Installation): string {
  const now = clock.now().getTime();
  const kinds = [...new Set(objects.map(({ key }) => key.kind))];
  return kinds
    .map((kind) => {
      const rows = objects.filter(({ key }) => key.kind === kind);
      const columns = columnsOf(kind, look, now);
      const cells = rows.map((row) => columns.map(([, cell]) => cell(row)));
      return table(
        columns.map(([header]) => header),
        cells,
        look,
      );
    })
    .join("\n\n");
}

type Column = [header: string, cell: (seen: Seen) => Cell];

function columnsOf(kind: Kind, { scope, format }: Look, now: number): Column[] {
  const ready: Column = ["READY", (seen) => ({ text: readiness(seen), style: styleOfReadiness(readiness(seen)) })];
  const wide = kind === "Certificate" ? wideCertificateColumns : wideIssuerColumns;
  const age: Column = ["AGE", (seen) => ageOf(seen, now)];
  return [
    ...(scope.all && kind !== "ClusterIssuer" ? [["NAMESPACE", ({ key }) => key.namespace] satisfies Column] : []),
    ["NAME", ({ key }) => key.name],
    ready,
    ...(kind === "Certificate" ? certificateColumns : issuerColumns),
    age,
    ...(format === "wide" ? wide : []),
  ];
}

const certificateColumns: Column[] = [
  ["SECRET", ({ written }) => textAt(written.spec, "secretName") ?? "<none>"],
  ["ISSUER", ({ written }) => textAt(written.spec, "issuerRef", "name") ?? "<none>"],
  ["STATUS", statusWord],
];

const wideCertificateColumns: Column[] = [
  ["NAMES", (seen) => shortNames(namesOf(seen)) || "<none>"],
  ["NOT-AFTER", ({ certificate }) => timeCell(certificate?.issued?.notAfter)],
  ["RENEWAL", ({ certificate }) => timeCell(certificate?.issued?.renewalTime)],
  ["REVISION", ({ certificate }) => String(certificate?.revision ?? "<none>")],
  ["STEP", ({ attempt }) => (attempt ? stepIn(attempt) : "<none>")],
];

const issuerColumns: Column[] = [
  ["TYPE", issuerType],
  ["STATUS", statusWord],
];

const wideIssuerColumns: Column[] = [
  ["SERVER", ({ written }) => textAt(written.spec, "acme", "server") ?? "<none>"],
  ["ACCOUNT", ({ issuer }) => issuer?.acme?.accountUrl ?? "<none>"],
];

function ageOf(seen: Seen, now: number): string {
  const since = (seen.certificate ?? seen.issuer)?.ready.lastTransitionTime;
  return since === undefined ? "<unknown>" : span(now - Date.parse(since));
}

function timeCell(at: number | undefined): string {
  return at === undefined ? "<none>" : rfc3339(at);
}

function nothingIn(kind: Kind | undefined, scope: Scope): string {
  const inScope = scope.all || kind === "ClusterIssuer" ? "" : ` in ${scope.namespace} namespace`;
  return `No resources found${inScope}.`;
}
