import { renewAnnotation, type Seen } from "./objects.ts";
import { isUpToDate } from "./summary.ts";
import type { Installation } from "./verb.ts";

/**
 * Whether the working certificate is the one that the request asks for now. A certificate stays Ready while an edit or a
 * `renew` is worked on, or fails; one that is only being renewed in time does serve.
 */
export async function servesTheRequest({ state }: Installation, seen: Seen): Promise<boolean> {
  if (isUpToDate(seen)) return true;
  const { key, certificate, specHash, written } = seen;
  // It is never renewed; a change of it is refused, and is what the request says now.
  if (certificate?.own) return certificate.own.signed !== undefined && certificate.own.invalid === undefined;
  const attemptId = certificate?.issued?.attemptId;
  if (attemptId === undefined) return false;
  const made = (await state.attempts([{ namespace: key.namespace, name: key.name, attemptId }])).get(attemptId);
  if (made?.specHash !== specHash) return false;
  const asked = written.annotations[renewAnnotation];
  return asked === undefined || made.startedAt >= Date.parse(asked);
}
