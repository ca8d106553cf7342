import { isClusterScoped, type Kind } from "../../core/resource.ts";
import { columnsOf } from "../columns.ts";
import { UsageError } from "../failure.ts";
import { parseTargets } from "../kinds.ts";
import { kubernetesShape, listShape } from "../kubernetes-shape.ts";
import { listObjects, oneObject, type Scope, type Seen, scopeOf, withResults } from "../objects.ts";
import { document, type Format, parseFormat } from "../output.ts";
import { parseSelector } from "../selector.ts";
import { table } from "../table.ts";
import type { Call, Installation, Verb } from "../verb.ts";

/** Lists objects as a table, or prints them in Kubernetes' shape. */
export const get: Verb = {
  name: "get",
  summary: "List objects, or print them as JSON or YAML",
  usage: ["get KIND [NAME...] [-n NAMESPACE|-A] [-l SELECTOR] [-o wide|json|yaml]", "get KIND/NAME..."],
  notes: [
    "READY is the Ready condition, STATUS what goes on or the reason why nothing does,",
    "AGE how long READY has been so. SECRETS of a Cluster: how many are as they should be, of how many.",
  ],
  options: ["namespace", "all-namespaces", "selector", "output"],
  examples: [
    ["The Certificates of a namespace", "certwright get certificates -n web"],
    ["What expires first, over all namespaces", "certwright get certs -A -o wide"],
    ["One field for a script", "certwright get certificate web -o json | jq -r .status.notAfter"],
    ["The issuers that serve every namespace", "certwright get clusterissuers"],
    [
      "The certificate that came for a CSR",
      "certwright get certificaterequest web -o json | jq -r .status.certificate | base64 -d",
    ],
    ["Which Kubernetes clusters are in sync, and how far behind", "certwright get clusters -o wide"],
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
    const shapes = (await withResults(installation, objects)).map(kubernetesShape);
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
      const columns = columnsOf(kind, { withNamespace: look.scope.all, wide: look.format === "wide" }, now);
      const cells = rows.map((row) => columns.map(([, cell]) => cell(row)));
      return table(
        columns.map(([header]) => header),
        cells,
        look,
      );
    })
    .join("\n\n");
}

function nothingIn(kind: Kind | undefined, scope: Scope): string {
  const inScope = scope.all || (kind && isClusterScoped(kind)) ? "" : ` in ${scope.namespace} namespace`;
  return `No resources found${inScope}.`;
}
