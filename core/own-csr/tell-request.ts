import type { Deps } from "../deps.ts";
import { idOf } from "../resource.ts";
import type { CertificateRow, EventRow } from "../rows.ts";
import type { Condition } from "../status.ts";

/** Events of what a CertificateRequest has become, now that its row is written: best effort, and once for each change. */
export async function tellRequest(deps: Deps, before: CertificateRow | undefined, row: CertificateRow): Promise<void> {
  if (row.key.kind !== "CertificateRequest") return;
  const { approved, denied, invalid } = row.own ?? {};
  const known = before?.own ?? {};
  await tell(deps, row, "Normal", known.approved, approved);
  await tell(deps, row, "Warning", known.denied, denied);
  await tell(deps, row, "Warning", known.invalid, invalid);
}

async function tell(
  deps: Deps,
  { key }: CertificateRow,
  type: EventRow["type"],
  before: Condition | undefined,
  now: Condition | undefined,
): Promise<void> {
  if (!now || (now.reason === before?.reason && now.message === before.message)) return;
  const event = { key, at: deps.clock.now().getTime(), type, reason: now.reason, message: now.message };
  await deps.state
    .addEvent(event)
    .catch((error) => deps.log({ event: "untold", certificate: idOf(key), error: String(error) }));
}
