import { type Rights, rightsIn, type Use } from "../../core/kubernetes/rbac.ts";
import { clusterUse } from "../cluster-use.ts";
import { eksNotes } from "../eks-notes.ts";
import { UsageError } from "../failure.ts";
import { parseNamed } from "../kinds.ts";
import { listShape } from "../kubernetes-shape.ts";
import type { Values } from "../options.ts";
import { document } from "../output.ts";
import { rbacObjects, type Subject } from "../rbac-objects.ts";
import type { Call, Installation, Verb } from "../verb.ts";

/** Prints what an administrator of a Kubernetes cluster applies there; asks no cluster. */
export const kubernetes: Verb = {
  name: "kubernetes",
  summary: "Print the least rights that certwright needs in a Kubernetes cluster",
  usage: ["kubernetes rbac CLUSTER [--user NAME|--group NAME] [-o yaml|json]"],
  notes: [
    "Prints Roles and ClusterRoles for exactly the namespaces, Secrets and modes in use now, and their bindings.",
    "Apply them as an administrator of the cluster, again when a Certificate, Bundle or namespace is added.",
    "For EKS it prints the command that lets certwright in, too.",
  ],
  options: ["user", "group", "output"],
  examples: [
    ["Rights in an EKS cluster", "certwright kubernetes rbac shop | kubectl apply -f -"],
    ["Where certwright has a client certificate", "certwright kubernetes rbac lab --user certwright"],
    [
      "Where it has a ServiceAccount's token",
      "certwright kubernetes rbac lab --user system:serviceaccount:ops:certwright",
    ],
  ],
  run: runKubernetes,
};

async function runKubernetes({ values, args, io, connect }: Call): Promise<number> {
  const name = clusterName(args);
  const format = values.output ?? "yaml";
  if (format !== "yaml" && format !== "json")
    throw new UsageError(`-o ${format} is not known: it is one of yaml, json`);
  const asked = askedSubject(values);
  const installation = await connect();
  const use = await clusterUse(installation, name);
  const isEks = "eks" in use.spec.auth;
  const subject = asked ?? (isEks ? { kind: "Group", name: "certwright" } : undefined);
  if (!subject)
    throw new UsageError(
      "who is certwright in that cluster? --user NAME or --group NAME, as `kubectl auth whoami` says",
    );
  const rights = rightsIn(use);
  const objects = rbacObjects(rights, { name: `${installation.instance}-${name}`, subject });
  const told = [...useNotes(installation, name, use, rights), ...eksNotes(installation, use.spec.auth, subject)].join(
    "\n",
  );
  if (format === "json") {
    io.err(told);
    io.out(document(listShape(objects), format));
  } else io.out([commented(told), ...objects.map((object) => document(object, format))].join("\n---\n"));
  return 0;
}

/** Every line as a comment of YAML. */
function commented(text: string): string {
  return text
    .split("\n")
    .map((line) => `# ${line}`.trimEnd())
    .join("\n");
}

function clusterName([what, ...names]: string[]): string {
  if (what !== "rbac") {
    const refused = what === undefined ? "" : `there is no "kubernetes ${what}"; `;
    throw new UsageError(`${refused}write kubernetes rbac CLUSTER`);
  }
  const [first, second] = names;
  if (first === undefined) throw new UsageError("which Cluster? give its name");
  if (second !== undefined) throw new UsageError("kubernetes rbac takes one name");
  if (!first.includes("/")) return first;
  const [target] = parseNamed([first]);
  if (target?.kind !== "Cluster") throw new UsageError(`only a Cluster needs such rights, not ${first}`);
  return target.name;
}

function askedSubject({ user, group }: Values): Subject | undefined {
  if (user !== undefined && group !== undefined) throw new UsageError("give one of --user and --group");
  if (user === "" || group === "") throw new UsageError("--user and --group need a name");
  if (user !== undefined) return { kind: "User", name: user };
  return group === undefined ? undefined : { kind: "Group", name: group };
}

function useNotes(
  { instance }: Installation,
  name: string,
  { spec, bundles }: Use,
  { roles, clusterRules }: Rights,
): string[] {
  const namespaces = roles.map(({ namespace }) => namespace).join(", ") || "none";
  const bundleNames = bundles.map((bundle) => bundle.name).join(", ") || "none";
  return [
    `The least rights of the certwright installation ${instance} in the cluster ${name}, as it is used now:`,
    `mode ${spec.mode}, deletionPolicy ${spec.deletionPolicy}, ${spec.reload ? "with" : "without"} reload, Bundles: ${bundleNames}.`,
    "Apply them as an administrator of that cluster, again when a Certificate, Bundle or namespace is added.",
    roles.length + clusterRules.length === 0
      ? "Nothing goes there yet, so nothing is needed."
      : `These namespaces must be there: ${namespaces}.`,
  ];
}
