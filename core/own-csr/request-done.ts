import type { Decision } from "../decide.ts";
import type { Facts } from "../facts.ts";
import { changedSince, madeOf } from "./request-row.ts";

/** A CertificateRequest is made once and decided once: neither an edit nor a failure makes it begin again. */
export function requestDone({ request, row }: Facts): Decision | undefined {
  const own = row?.deletedAt === undefined ? row?.own : undefined;
  if (!own?.made || !request?.ok) return undefined;
  const change = changedSince(own.made, madeOf(request.resource));
  if (change !== undefined) {
    const message = `${change}; put it back as it was, or make another CertificateRequest`;
    return { action: "refuse", reason: "SpecChanged", message };
  }
  if (own.signed) return { action: "nothing", reason: "Issued" };
  return own.failureTime === undefined ? undefined : { action: "nothing", reason: "Failed" };
}
