import { existsSync } from "node:fs";
import { basename, dirname } from "node:path";
import { issuerKeyOf } from "../../core/asked-for.ts";
import type { CertificateSpec } from "../../core/certificate.ts";
import { parseCertificate } from "../../core/request.ts";
import type { Resource, ResourceKey } from "../../core/resource.ts";
import { asMap } from "../as-written.ts";
import { type Accepted, checkManifest } from "../check-manifest.ts";
import { parseTimeout } from "../durations.ts";
import { Failure, UsageError } from "../failure.ts";
import { parseTargets } from "../kinds.ts";
import { parseManifests, readSources } from "../manifest.ts";
import { newRequest } from "../new-request.ts";
import { awaitResult, mustBeFree } from "../request-result.ts";
import type { Call, Verb } from "../verb.ts";
import { writeFiles } from "../write-files.ts";

/** Makes a private key on this computer and a CertificateRequest for it, as cmctl does. */
export const create: Verb = {
  name: "create",
  summary: "Make a private key here and a CertificateRequest for it",
  usage: [
    "create certificaterequest NAME --from-certificate-file FILE [-n NAMESPACE] [--output-key-file FILE]",
    "create certificaterequest NAME --from-certificate-file FILE --fetch-certificate [--timeout 5m] [--output-certificate-file FILE]",
  ],
  notes: [
    "The file holds a Certificate, which is not applied: its names, usages, privateKey and issuerRef are used.",
    "The private key never leaves this computer. Files have mode 0600; one that is there already is not overwritten.",
  ],
  options: [
    ...(["from-certificate-file", "namespace", "output-key-file"] as const),
    ...(["fetch-certificate", "timeout", "output-certificate-file"] as const),
  ],
  examples: [
    ["Key and request", "certwright create certificaterequest web --from-certificate-file certificate.yaml"],
    [
      "And wait for the certificate",
      "certwright create certificaterequest web --from-certificate-file certificate.yaml --fetch-certificate --timeout 20m",
    ],
  ],
  run: runCreate,
};

async function runCreate(call: Call): Promise<number> {
  const { values, io, connect } = call;
  const { name, source, keyFile, certificateFile } = readOptions(call);
  const timeoutMs = parseTimeout(values.timeout ?? "5m");
  const from = await certificateIn(source, call);
  const key: ResourceKey = { ...from.accepted.request.key, kind: "CertificateRequest", name };
  const installation = await connect();
  await mustBeFree(installation, key);
  const made = await newRequest(
    from.certificate.spec,
    from.accepted.request.spec,
    await installation.state.issuer(issuerKeyOf(from.certificate)),
  );
  const request = {
    key,
    apiVersion: from.accepted.request.apiVersion,
    metadata: metadataOf(from.accepted),
    spec: made.spec,
  };
  const parsed = parseCertificate(request);
  if (!parsed.ok)
    throw new Failure(parsed.faults.map(({ path, message, fix }) => `${path}: ${message}; ${fix}`).join(". "));
  write(keyFile, made.keyPem);
  io.err(`Private key written to file ${keyFile}`);
  await installation.requests.put(request);
  io.err(`CertificateRequest ${name} has been created in namespace ${key.namespace}`);
  if (!values["fetch-certificate"]) return 0;
  io.err(
    `CertificateRequest ${name} in namespace ${key.namespace} has not been signed yet. Wait until it is signed...`,
  );
  const certificate = await awaitResult(installation, key, timeoutMs);
  io.err(`CertificateRequest ${name} in namespace ${key.namespace} has been signed`);
  write(certificateFile, certificate);
  io.err(`Certificate written to file ${certificateFile}`);
  return 0;
}

function readOptions({ values, args }: Call): {
  name: string;
  source: string;
  keyFile: string;
  certificateFile: string;
} {
  const [target, ...more] = parseTargets(args);
  if (target?.kind !== "CertificateRequest")
    throw new UsageError("only a certificaterequest is created: objects come with apply");
  const { name } = target;
  if (name === undefined)
    throw new UsageError("the name of the CertificateRequest to be created has to be provided as argument");
  if (more.length > 0) throw new UsageError("only one argument can be passed in: the name of the CertificateRequest");
  const source = values["from-certificate-file"];
  if (source === undefined)
    throw new UsageError(
      "the path to a YAML manifest of a Certificate resource cannot be empty, please specify by using --from-certificate-file flag",
    );
  const keyFile = values["output-key-file"] ?? `${name}.key`;
  const certificateFile = values["output-certificate-file"] ?? `${name}.crt`;
  if (keyFile === certificateFile)
    throw new UsageError("the file to store private key cannot be the same as the file to store certificate");
  if (!values["fetch-certificate"] && values["output-certificate-file"] !== undefined)
    throw new UsageError(
      "cannot specify file to store certificate if not waiting for and fetching certificate, please set --fetch-certificate flag",
    );
  const there = [keyFile, ...(values["fetch-certificate"] ? [certificateFile] : [])].find((file) => existsSync(file));
  if (there !== undefined)
    throw new Failure(`the file ${there} is there already`, "Move it away, or name another file.");
  return { name, source, keyFile, certificateFile };
}

/** The one Certificate of the file, checked as `apply` would. */
async function certificateIn(
  source: string,
  { values, io }: Call,
): Promise<{ accepted: Accepted; certificate: Resource<CertificateSpec> }> {
  const parsed = (await readSources(source, false, io.readStdin)).map(parseManifests);
  const syntax = parsed.flatMap(({ faults }) => faults)[0];
  if (syntax) throw new Failure(`${syntax.file}:${syntax.line}: ${syntax.message}`);
  const [manifest, ...more] = parsed.flatMap(({ manifests }) => manifests);
  if (!manifest) throw new Failure(`no objects found in manifest file "${source}". Expected one Certificate object`);
  if (more.length > 0)
    throw new Failure(`multiple objects found in manifest file "${source}". Expected only one Certificate object`);
  if (asMap(manifest.value).kind !== "Certificate") throw new Failure("decoded object is not a v1 Certificate");
  const checked = checkManifest(manifest, values.namespace);
  if ("faults" in checked)
    throw new Failure(
      checked.faults
        .map(({ file, line, path, message, fix }) => `${file}:${line}: ${path}: ${message}; ${fix}`)
        .join("\n"),
    );
  const certificate = parseCertificate(checked.accepted.request);
  if (!certificate.ok) throw new Failure("the Certificate is not valid");
  return { accepted: checked.accepted, certificate: certificate.resource };
}

/** cert-manager's own annotations and labels go with it; ours are of Certificates. */
function metadataOf({ request: { metadata } }: Accepted): { labels: unknown; annotations: unknown } {
  const ours = (name: string) => name.startsWith("certwright.dev/") || name.startsWith("kubectl.kubernetes.io/");
  const annotations = Object.entries(asMap(metadata.annotations)).filter(([name]) => !ours(name));
  return { labels: asMap(metadata.labels), annotations: Object.fromEntries(annotations) };
}

function write(file: string, text: string): void {
  writeFiles(dirname(file), [[basename(file), Buffer.from(text)]]);
}
