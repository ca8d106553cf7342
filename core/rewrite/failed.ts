import { backoff } from "../backoff.ts";
import { classOf, isNamed } from "../errors.ts";
import { idOf } from "../resource.ts";
import type { CertificateRow } from "../rows.ts";
import { issuing } from "../transitions.ts";
import type { RewriteWork } from "./rewrite-secret.ts";

/** The row after a rewrite that failed: the reason in Issuing, the next try in dueAt; the certificate stays Ready. */
export async function failedRewrite(
  { deps, row, issued }: RewriteWork,
  error: unknown,
): Promise<{ row: CertificateRow; reason: string }> {
  const now = deps.clock.now();
  const { key } = row;
  const { reason, message } = told(error);
  const failures = (row.rewrite?.failures ?? 0) + 1;
  const until = backoff({ failures, now, notAfter: issued.notAfter, fraction: deps.chance.fraction() }).getTime();
  const errorClass = classOf(error);
  const bug = errorClass === "Bug" && error instanceof Error ? { stack: error.stack } : {};
  deps.log({ event: "rewrite-failed", certificate: idOf(key), errorClass, reason, message, ...bug });
  await deps.state
    .addEvent({ key, at: now.getTime(), type: "Warning", reason, message })
    .catch((lost: unknown) => deps.log({ event: "untold", certificate: idOf(key), error: String(lost) }));
  const next: CertificateRow = {
    ...row,
    rewrite: { until, failures },
    issuing: issuing(row, "False", reason, message, now),
    dueAt: Math.min(until, Math.max(issued.renewalTime ?? until, now.getTime() + 1_000)),
  };
  return { row: next, reason };
}

function told(error: unknown): { reason: string; message: string } {
  if (!isNamed(error)) {
    const name = error instanceof Error ? error.name : "Error";
    const message = `certwright failed unexpectedly: ${name}; see the logs and docs/runbook.md#bugs`;
    return { reason: "InternalError", message };
  }
  const message = error.message.replace(/\.$/, "");
  return { reason: error.reason, message: error.fix ? `${message}; ${error.fix}` : message };
}
