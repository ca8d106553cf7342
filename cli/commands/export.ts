import { storedName } from "../../core/deps.ts";
import { asMap } from "../as-written.ts";
import { span } from "../durations.ts";
import { Failure, UsageError } from "../failure.ts";
import { parseTargets, printedKey } from "../kinds.ts";
import { oneObject } from "../objects.ts";
import { readiness } from "../summary.ts";
import type { Call, Verb } from "../verb.ts";
import { writeFiles } from "../write-files.ts";

/** Writes the stored secret of a Certificate to files; prints none of it. */
export const exportVerb: Verb = {
  name: "export",
  summary: "Write a certificate's secret to files, one per key",
  usage: ["export NAME --out DIR [-n NAMESPACE]"],
  notes: [
    "Files are named like the keys of a Kubernetes TLS secret (tls.crt, tls.key, ca.crt, keystore.p12 ...),",
    "with mode 0600, each replaced as a whole. Needs the right to read the stored secret.",
  ],
  options: ["out", "namespace"],
  examples: [
    ["For a server on this machine", "certwright export web --out /etc/nginx/tls"],
    ["From another namespace", "certwright export shop -n shop --out ./shop-tls"],
  ],
  run: runExport,
};

/** What a secret holds that is no text (cert-manager's names); in the stored JSON they are base64. */
const binaryKeys = ["keystore.jks", "truststore.jks", "keystore.p12", "truststore.p12", "key.der"];

async function runExport({ values, args, io, connect }: Call): Promise<number> {
  const name = nameFrom(args);
  if (!values.out) throw new UsageError("where to? --out DIR");
  const installation = await connect();
  const seen = await oneObject(installation, { kind: "Certificate", name }, values.namespace ?? "default");
  const issued = seen.certificate?.issued;
  if (!issued) throw new Failure(`${printedKey(seen.key)} has no certificate yet`, describeHint(seen.key));
  const stored = storedName(installation.instance, seen.key.namespace, issued.secretName);
  const value = await installation.readSecret(issued.store, stored);
  if (value === undefined) throw new Failure(`the stored secret ${stored} is not there`, describeHint(seen.key));
  if (readiness(seen) !== "True") io.err(`warning: ${printedKey(seen.key)} is not Ready; this is its last certificate`);
  const files = filesOf(value, stored);
  const written = writeFiles(values.out, files);
  const left = issued.notAfter - installation.clock.now().getTime();
  io.out(`wrote ${written.join(", ")}`);
  io.out(`${printedKey(seen.key)} ${left > 0 ? `is valid for another ${span(left)}` : "has expired"}`);
  return 0;
}

function nameFrom(args: string[]): string {
  const [first, second] = args;
  if (first === undefined) throw new UsageError("which Certificate? give its name");
  const targets = first.includes("/") ? parseTargets([first]) : [];
  if (second !== undefined) throw new UsageError("export takes one name");
  if (targets[0] && targets[0].kind !== "Certificate")
    throw new UsageError(`only Certificates have a secret, not ${first}`);
  return targets[0]?.name ?? first;
}

/** Keys and contents. The secret never reaches a message: not even when it cannot be read. */
function filesOf(value: string, stored: string): [name: string, content: Uint8Array][] {
  const keys = Object.entries(parsed(value, stored)).filter(([key]) => key !== "metadata");
  const bad = keys.find(([key, text]) => !/^[-\w][-\w.]*$/.test(key) || typeof text !== "string");
  if (bad || keys.length === 0) throw new Failure(`the stored secret ${stored} does not look like one of certwright`);
  return keys.map(([key, text]) => [key, Buffer.from(String(text), binaryKeys.includes(key) ? "base64" : "utf8")]);
}

function parsed(value: string, stored: string): Record<string, unknown> {
  try {
    return asMap(JSON.parse(value));
  } catch {
    throw new Failure(`the stored secret ${stored} is not JSON`);
  }
}

function describeHint(key: { namespace: string; name: string }): string {
  return `See: certwright describe certificate ${key.name} -n ${key.namespace}`;
}
