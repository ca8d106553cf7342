import { X509Certificate } from "node:crypto";
import type { State } from "../core/ports.ts";
import type { CertificateRow } from "../core/rows.ts";
import { rfc3339 } from "../core/status.ts";
import type { StepTaken } from "./executions.ts";
import type { Manifest } from "./requests.ts";

/** What there is to say of a Ready certificate, as label and text. */
export async function reportOf(
  state: Pick<State, "chain">,
  manifest: Manifest,
  row: CertificateRow,
  steps: StepTaken[],
): Promise<[label: string, text: string][]> {
  const { issued, key } = row;
  if (!issued) return [["status", row.ready.message]];
  const chain = await state.chain({ namespace: key.namespace, name: key.name, attemptId: issued.attemptId });
  const leaf = chain && new X509Certificate(chain.chain);
  return [
    ["names", leaf?.subjectAltName?.replaceAll("DNS:", "") ?? (leaf ? "none" : "unknown")],
    ["issuer", `${row.issuer ?? "unknown"}${leaf ? ` (${leaf.issuer.replaceAll("\n", ", ")})` : ""}`],
    ["valid", `${rfc3339(issued.notBefore)} to ${rfc3339(issued.notAfter)}`],
    ["SHA-256", issued.fingerprint.toUpperCase().replaceAll(/(..)(?=.)/g, "$1:")],
    ["secret", `${issued.secretArn} (${issued.store === "s3" ? "S3" : "Secrets Manager"})`],
    [
      "renews",
      `${issued.renewalTime === undefined ? "never" : rfc3339(issued.renewalTime)}, because ${renewalReason(manifest.spec)}`,
    ],
    ["steps", steps.map((step) => `${step.name} ${step.seconds.toFixed(2)} s`).join(", ")],
  ];
}

function renewalReason(spec: unknown): string {
  const { renewBefore, renewBeforePercentage, renewal } = spec as {
    renewBefore?: string;
    renewBeforePercentage?: number;
    renewal?: { policy?: string };
  };
  if (renewal?.policy === "Disabled") return "spec.renewal.policy is Disabled";
  if (renewBefore !== undefined) return `spec.renewBefore is ${renewBefore}`;
  if (renewBeforePercentage !== undefined) return `only ${renewBeforePercentage} % of its lifetime are left then`;
  return "two thirds of its lifetime are over then";
}
