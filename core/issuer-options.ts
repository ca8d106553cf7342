import { annotationNames, annotationPath, choice, readInstant } from "./annotations.ts";
import { type FieldFault, invalidValue, quote } from "./field-fault.ts";
import { subdomainProblem } from "./kube-names.ts";

/** What the annotations of an issuer ask for, beside its rate limits. */
export interface IssuerOptions {
  /** Of account keys that certwright makes. */
  accountKeyAlgorithm?: "RSA" | "ECDSA";
  /** As written; compared as text: a new value asks for a new account key. */
  rotateAccountKeyRequestedAt?: string;
  /** URL of the account to close; any other account of the issuer stays. */
  deactivateAccount?: string;
  /** Name of an issuer of the same kind and namespace, at which failed validations are tried first. */
  stagingIssuer?: string;
}

/** Reads the annotations; undefined when none is there. Only ACME issuers have accounts. */
export function readIssuerOptions(
  annotations: Record<string, string>,
  isAcme: boolean,
  faults: FieldFault[],
): IssuerOptions | undefined {
  if (!isAcme) refuseAll(annotations, faults);
  const algorithm = choice(annotations, annotationNames.accountKeyAlgorithm, ["RSA", "ECDSA"], faults);
  const requestedAt = readInstant(annotations, annotationNames.rotateAccountKeyRequestedAt, faults, rotateFix);
  const account = readAccount(annotations, faults);
  const staging = readStagingIssuer(annotations, faults);
  const options: IssuerOptions = {
    ...(algorithm === undefined ? {} : { accountKeyAlgorithm: algorithm }),
    ...(requestedAt === undefined ? {} : { rotateAccountKeyRequestedAt: requestedAt }),
    ...(account === undefined ? {} : { deactivateAccount: account }),
    ...(staging === undefined ? {} : { stagingIssuer: staging }),
  };
  return Object.keys(options).length === 0 ? undefined : options;
}

function refuseAll(annotations: Record<string, string>, faults: FieldFault[]): void {
  for (const name of onlyOfAcme) {
    if (annotations[name] === undefined) continue;
    faults.push({
      path: annotationPath(name),
      message: "Forbidden: only for an issuer with spec.acme",
      fix: "remove it",
    });
  }
}

const onlyOfAcme = [
  annotationNames.accountKeyAlgorithm,
  annotationNames.rotateAccountKeyRequestedAt,
  annotationNames.deactivateAccount,
  annotationNames.stagingIssuer,
  annotationNames.dnsPersist,
];

/** Whether names are to be proven by TXT records that stay (draft-ietf-acme-dns-persist). */
export function readDnsPersist(annotations: Record<string, string>, faults: FieldFault[]): boolean {
  return choice(annotations, annotationNames.dnsPersist, ["true", "false"], faults) === "true";
}

const rotateFix = "write the time of the wish, such as 2026-11-22T19:00:00Z, or use `certwright account rotate-key`";

function readAccount(annotations: Record<string, string>, faults: FieldFault[]): string | undefined {
  const name = annotationNames.deactivateAccount;
  const url = annotations[name];
  if (url === undefined || URL.parse(url)?.protocol === "https:") return url;
  const message = invalidValue(quote(url), "must be the URL of the account to close");
  const fix = "write the account's URL as `certwright describe` shows it, or use `certwright account deactivate`";
  faults.push({ path: annotationPath(name), message, fix });
  return undefined;
}

function readStagingIssuer(annotations: Record<string, string>, faults: FieldFault[]): string | undefined {
  const path = annotationPath(annotationNames.stagingIssuer);
  const name = annotations[annotationNames.stagingIssuer];
  const problem = name === undefined ? undefined : subdomainProblem(name);
  if (name !== undefined && problem !== undefined) {
    const fix = "write the name of an issuer of the same kind in the same namespace";
    faults.push({ path, message: invalidValue(quote(name), problem), fix });
  }
  return name;
}
