import { resolve } from "node:path";
import { storedName } from "../../core/deps.ts";
import { parseInterval, span } from "../durations.ts";
import { Failure, UsageError } from "../failure.ts";
import { keyIn, parseTargets, printedKey } from "../kinds.ts";
import { oneObject } from "../objects.ts";
import { filesOf } from "../stored-files.ts";
import { readiness } from "../summary.ts";
import type { Call, Verb } from "../verb.ts";
import { watchSecret } from "../watch-secret.ts";
import { writeFiles } from "../write-files.ts";

/** Writes the stored secret of a Certificate to files; prints none of it. */
export const exportVerb: Verb = {
  name: "export",
  summary: "Write a certificate's secret to files, one per key",
  usage: [
    "export NAME --out DIR [-n NAMESPACE]",
    "export NAME --out DIR --watch [--on-change CMD] [--interval 30s] [-n NAMESPACE]",
  ],
  notes: [
    "Files are named like the keys of a Kubernetes TLS secret (tls.crt, tls.key, ca.crt, keystore.p12 ...),",
    "with mode 0600, each replaced as a whole. Needs the right to read the stored secret.",
    "",
    "--watch stays until SIGINT or SIGTERM and ends with 0. All files of a version change at once: DIR/tls.crt is",
    "a link into DIR/..data, which is swapped, so give it a directory of its own. CMD finds CERTWRIGHT_NAMESPACE,",
    "CERTWRIGHT_NAME, CERTWRIGHT_REVISION and CERTWRIGHT_DIR in its environment; what it prints goes to stderr.",
    "It runs until it succeeds once for a version: after a failure at the next look, after a restart at once.",
    "Whatever else fails, the files stay as they are, and the tries come ever later, at last every five minutes.",
  ],
  options: ["out", "watch", "on-change", "interval", "namespace"],
  examples: [
    ["For a server on this machine", "certwright export web --out /etc/nginx/tls"],
    ["From another namespace", "certwright export shop -n shop --out ./shop-tls"],
    [
      "Keep nginx up to date (ssl_certificate /etc/nginx/tls/tls.crt)",
      "certwright export web --out /etc/nginx/tls --watch --on-change 'nginx -s reload'",
    ],
    [
      "As a systemd service: ExecStart= of a unit with Restart=on-failure",
      "certwright export web --out /etc/haproxy/tls --watch --on-change 'systemctl reload haproxy'",
    ],
  ],
  run: async (call) => (call.values.watch ? runWatch(call) : runExport(call)),
};

async function runWatch({ values, args, io, connect, untilStopped }: Call): Promise<number> {
  const { namespace = "default", interval = "30s", "on-change": command } = values;
  const key = keyIn(namespace, "Certificate", nameFrom(args));
  const directory = resolve(directoryFrom(values));
  const watch = { key, directory, intervalMs: parseInterval(interval), ...(command === undefined ? {} : { command }) };
  if (command?.trim() === "") throw new UsageError("--on-change: which command?");
  const installation = await connect();
  await watchSecret(installation, watch, io, untilStopped());
  return 0;
}

async function runExport({ values, args, io, connect }: Call): Promise<number> {
  const name = nameFrom(args);
  const out = directoryFrom(values);
  for (const option of ["on-change", "interval"] as const)
    if (values[option] !== undefined) throw new UsageError(`--${option} needs --watch`);
  const installation = await connect();
  const seen = await oneObject(installation, { kind: "Certificate", name }, values.namespace ?? "default");
  const issued = seen.certificate?.issued;
  if (!issued) throw new Failure(`${printedKey(seen.key)} has no certificate yet`, describeHint(seen.key));
  const stored = storedName(installation.instance, seen.key.namespace, issued.secretName);
  const value = await installation.readSecret(issued.store, stored);
  if (value === undefined) throw new Failure(`the stored secret ${stored} is not there`, describeHint(seen.key));
  if (readiness(seen) !== "True") io.err(`warning: ${printedKey(seen.key)} is not Ready; this is its last certificate`);
  const files = filesOf(value, stored);
  const written = writeFiles(out, files);
  const left = issued.notAfter - installation.clock.now().getTime();
  io.out(`wrote ${written.join(", ")}`);
  io.out(`${printedKey(seen.key)} ${left > 0 ? `is valid for another ${span(left)}` : "has expired"}`);
  return 0;
}

function directoryFrom({ out }: Call["values"]): string {
  if (!out) throw new UsageError("where to? --out DIR");
  return out;
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

function describeHint(key: { namespace: string; name: string }): string {
  return `See: certwright describe certificate ${key.name} -n ${key.namespace}`;
}
