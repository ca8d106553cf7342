import type { CertificateSpec, PrivateKeySpec } from "./certificate.ts";
import { printDuration } from "./duration.ts";
import { readDuration } from "./duration-field.ts";
import { invalidValue, quote, unsupportedValue } from "./field-fault.ts";
import type { Fields, FieldTable } from "./field-reader.ts";
import { nearest } from "./nearest.ts";
import { defaultUsages, type Usage, usages } from "./usages.ts";

const defaultDurationSeconds = 90 * 86_400;
const shortestDurationSeconds = 3_600;
const shortestRenewBeforeSeconds = 300;
const rsaSizes = { smallest: 2_048, largest: 8_192 };
const ecdsaSizes = [256, 384, 521];
const privateKeyTable: FieldTable = { algorithm: "read", size: "read", encoding: "read", rotationPolicy: "read" };

type Lifetimes = Pick<
  CertificateSpec,
  "durationSeconds" | "durationIsDefault" | "renewBeforeSeconds" | "renewBeforePercentage"
>;

/** Reads duration, renewBefore and renewBeforePercentage with cert-manager's rules between them. */
export function readLifetimes(fields: Fields): Lifetimes {
  const duration = readDuration(fields, "duration");
  const renewBefore = readDuration(fields, "renewBefore");
  const percentage = fields.integer("renewBeforePercentage");
  const durationSeconds = duration ?? defaultDurationSeconds;
  if (durationSeconds < shortestDurationSeconds) {
    const why = `certificate duration must be greater than ${printDuration(shortestDurationSeconds)}`;
    fields.fault("duration", invalidValue(printDuration(durationSeconds), why), "write at least 1h");
  }
  const known = duration !== undefined || !fields.isSet("duration");
  if (renewBefore !== undefined)
    checkRenewBefore(fields, renewBefore, known ? durationSeconds : Number.POSITIVE_INFINITY);
  if (percentage !== undefined && known) checkPercentage(fields, percentage, durationSeconds);
  if (renewBefore !== undefined && percentage !== undefined) {
    const why = "renewBefore and renewBeforePercentage are mutually exclusive and cannot both be set";
    fields.fault("renewBefore", invalidValue(printDuration(renewBefore), why), "keep one of the two");
    fields.fault("renewBeforePercentage", invalidValue(percentage, why), "keep one of the two");
  }
  return {
    durationSeconds,
    ...(duration === undefined ? { durationIsDefault: true } : {}),
    ...(renewBefore === undefined ? {} : { renewBeforeSeconds: renewBefore }),
    ...(percentage === undefined ? {} : { renewBeforePercentage: percentage }),
  };
}

/** Reads privateKey; as in cert-manager the default is RSA 2048, PKCS1, Always. */
export function readPrivateKey(fields: Fields): PrivateKeySpec {
  const key = fields.map("privateKey", privateKeyTable);
  const algorithm = key?.oneOf("algorithm", ["RSA", "ECDSA", "Ed25519"]) ?? "RSA";
  const known = !key?.isSet("algorithm") || key.is("algorithm", algorithm);
  const size = key && readSize(key, known ? algorithm : "Ed25519");
  return {
    algorithm,
    ...(algorithm === "Ed25519" ? {} : { size: size ?? (algorithm === "RSA" ? rsaSizes.smallest : 256) }),
    encoding: key?.oneOf("encoding", ["PKCS1", "PKCS8"]) ?? "PKCS1",
    rotationPolicy: key?.oneOf("rotationPolicy", ["Never", "Always"]) ?? "Always",
  };
}

/** Reads usages, each once; without any the default of cert-manager. */
export function readUsages(fields: Fields): Usage[] {
  const asked = fields.texts("usages").flatMap(({ path, text }) => {
    const usage = usages.find((known) => known === text);
    if (usage === undefined) {
      const meant = nearest(text, usages) ?? `one of ${usages.join(", ")}`;
      fields.faultAt(path, invalidValue(quote(text), "unknown keyusage"), `write ${meant}`);
    }
    return usage ?? [];
  });
  return asked.length > 0 ? [...new Set(asked)] : [...defaultUsages];
}

export function readRevisionHistoryLimit(fields: Fields): number {
  const limit = fields.integer("revisionHistoryLimit") ?? 1;
  if (limit < 1)
    fields.fault("revisionHistoryLimit", invalidValue(limit, "must not be less than 1"), "write 1 or more");
  return limit;
}

function checkRenewBefore(fields: Fields, renewBefore: number, durationSeconds: number): void {
  const shown = printDuration(renewBefore);
  if (renewBefore < shortestRenewBeforeSeconds) {
    const why = `certificate renewBefore must be greater than ${printDuration(shortestRenewBeforeSeconds)}`;
    fields.fault("renewBefore", invalidValue(shown, why), "write at least 5m");
  }
  if (renewBefore >= durationSeconds) {
    const why = `certificate duration ${printDuration(durationSeconds)} must be greater than renewBefore ${shown}`;
    fields.fault("renewBefore", invalidValue(shown, why), "write less than the duration, or remove it");
  }
}

/** cert-manager checks 100 - p here, though at run time it renews when p per cent are left; kept, so that both accept the same. */
function checkPercentage(fields: Fields, percentage: number, durationSeconds: number): void {
  const renewBefore = (durationSeconds * (100 - percentage)) / 100;
  const words = "certificate renewBeforePercentage must result in a renewBefore";
  const fix = "write a percentage between 1 and 99 that leaves time to renew";
  if (renewBefore < shortestRenewBeforeSeconds) {
    const why = `${words} greater than ${printDuration(shortestRenewBeforeSeconds)}`;
    fields.fault("renewBeforePercentage", invalidValue(percentage, why), fix);
  }
  if (renewBefore >= durationSeconds) {
    fields.fault("renewBeforePercentage", invalidValue(percentage, `${words} less than duration`), fix);
  }
}

function readSize(key: Fields, algorithm: PrivateKeySpec["algorithm"]): number | undefined {
  const size = key.integer("size") || undefined;
  if (size === undefined || algorithm === "Ed25519") return undefined;
  if (algorithm === "RSA" && (size < rsaSizes.smallest || size > rsaSizes.largest)) {
    const why = `must be between ${rsaSizes.smallest} and ${rsaSizes.largest} for rsa keyAlgorithm`;
    key.fault("size", invalidValue(size, why), "write 2048, 3072, 4096 or 8192");
  }
  if (algorithm === "ECDSA" && !ecdsaSizes.includes(size)) {
    key.fault("size", unsupportedValue(size, ecdsaSizes.map(String)), "write 256, 384 or 521");
  }
  return size;
}
