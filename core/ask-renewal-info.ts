import type { Ari } from "./ari.ts";
import { ariCertId } from "./certificate-identity.ts";
import type { Deps } from "./deps.ts";
import { isNamed, RefusedError } from "./errors.ts";
import type { Look, Working } from "./look.ts";
import { type Allowed, type RenewalInfoSource, suggested, unanswered } from "./renewal-info.ts";
import { parseCertificate } from "./request.ts";
import { idOf } from "./resource.ts";
import { rfc3339 } from "./status.ts";

/** Asks the CA of one certificate when to renew it. Never throws: what keeps it from answering is what was learnt. */
export async function askRenewalInfo(deps: Deps, row: Working, open: () => Promise<RenewalInfoSource>): Promise<Look> {
  const before = row.ari ?? { nextCheckAt: 0 };
  const known: Ari = { ...before };
  try {
    const certId = known.certId ?? (await certIdOf(deps, row));
    known.certId = certId;
    const allowed = known.windowed && (await allowedOf(deps, row));
    const suggestion = await (await open()).suggestion(certId);
    return answered(deps, before, { certId, suggestion, ...(allowed ? { allowed } : {}) });
  } catch (error) {
    return failed(deps, row, known, error);
  }
}

async function certIdOf({ state }: Deps, { key, issued }: Working): Promise<string> {
  const item = await state.chain({ namespace: key.namespace, name: key.name, attemptId: issued.attemptId });
  const certId = item && ariCertId(item.chain);
  if (certId !== undefined) return certId;
  throw new RefusedError({
    reason: "NoCertId",
    message: "the certificate has no authority key identifier, or its chain is no longer in State",
    fix: "nothing: it is renewed at its own time",
  });
}

/** Read only for certificates that have windows. */
async function allowedOf({ requests }: Deps, { key, issued }: Working): Promise<Allowed | undefined> {
  const stored = await requests.get(key);
  const parsed = stored && parseCertificate(stored);
  const windows = parsed?.ok ? parsed.resource.spec.renewal?.windows : undefined;
  return windows && { windows, notAfter: issued.notAfter };
}

/** News is a window that came earlier, and a reason for it. */
function answered({ clock, chance }: Deps, before: Ari, answer: Parameters<typeof suggested>[1]): Look {
  const ari = suggested(before, answer, clock.now(), chance.fraction());
  const { start, end, explanationUrl } = answer.suggestion;
  const earlier = before.window !== undefined && start < before.window.start;
  const explained = explanationUrl !== undefined && explanationUrl !== before.explanationUrl;
  const why = explanationUrl === undefined ? "" : `, see ${explanationUrl}`;
  const message = `the CA suggests renewal between ${rfc3339(start)} and ${rfc3339(end)}${why}`;
  const events: Look["events"] = earlier || explained ? [{ type: "Normal", reason: "RenewalSuggested", message }] : [];
  return { change: (row) => ({ ...row, ari }), events };
}

/** Told once: while the same stays wrong it is in the status. */
function failed({ clock, chance, log }: Deps, { key, ari: before }: Working, known: Ari, error: unknown): Look {
  const named = isNamed(error) ? error : undefined;
  if (!named) log({ event: "bug", errorClass: "Bug", certificate: idOf(key), error: String(error) });
  const text = named ? `${named.reason}: ${named.message}` : "InternalError: certwright failed unexpectedly";
  const ari = unanswered(known, named, text, clock.now(), chance.fraction());
  const message = `the CA did not say when to renew: ${ari.lastError}`;
  const isNews = ari.lastError !== before?.lastError;
  return {
    change: (row) => ({ ...row, ari }),
    events: isNews ? [{ type: "Warning", reason: "ARIError", message }] : [],
  };
}
