import { expect } from "vitest";
import type { CertificateRow } from "../../../core/rows.ts";
import type { Manifest } from "../../../local/requests.ts";
import type { TestStack } from "../integration-bed.ts";
import { certwright } from "../integration-cli.ts";

/** What a failure is to say to its reader. */
export interface Said {
  reason: string;
  /** Each is in the message of the condition, and in what `describe` prints. */
  words: RegExp[];
}

/** Resolves with the row once a Certificate's attempt has failed so often for this reason. */
export function untilFailed(
  stack: TestStack,
  { metadata }: Manifest,
  { reason, failures = 1, timeoutMs = 90_000 }: { reason: string; failures?: number; timeoutMs?: number },
): Promise<CertificateRow> {
  const { namespace = "default", name } = metadata;
  const until = ({ issuing, failedIssuanceAttempts = 0 }: CertificateRow) =>
    issuing?.status === "False" && issuing.reason === reason && failedIssuanceAttempts >= failures;
  return stack.waitFor({ namespace, name }, until, timeoutMs);
}

/** Throws unless the conditions and `describe certificate` say why it failed, what happens next, and when. */
export async function expectTold(stack: TestStack, manifest: Manifest, { reason, words }: Said): Promise<void> {
  const { namespace = "default", name } = manifest.metadata;
  const row = await stack.certificate({ namespace, name });
  const failed = { status: "False", reason };
  expect(row?.issuing).toMatchObject(failed);
  if (row?.issued) expect(row.ready).toMatchObject({ status: "True" });
  else expect(row?.ready).toMatchObject({ ...failed, message: row?.issuing?.message });
  for (const word of words) expect(row?.issuing?.message).toMatch(word);
  const { stdout } = await certwright(stack, ["describe", "certificate", name, "-n", namespace]);
  expect(stdout).toMatch(new RegExp(`Issuing +False +${reason}`));
  for (const word of words) expect(stdout).toMatch(word);
  expect(stdout).toMatch(/Next:\n.*(Next try|goes on) at \d{4}-\d\d-\d\dT[\d:]+Z \(in [\dhms]+\)/);
}
