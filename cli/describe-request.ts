import { orderIdentifiers } from "../core/certificate-names.ts";
import type { SignedRequest } from "../core/own-csr/own-request.ts";
import { parseCertificate } from "../core/request.ts";
import { rfc3339 } from "../core/status.ts";
import { textAt } from "./as-written.ts";
import { attemptsPart } from "./describe-certificate.ts";
import { conditionsPart, eventsPart, headPart } from "./describe-parts.ts";
import { fromNow } from "./durations.ts";
import { nextStep } from "./next-step.ts";
import type { Seen } from "./objects.ts";
import { issuerOf } from "./summary.ts";
import { fields } from "./table.ts";
import type { Installation } from "./verb.ts";

const eventsShown = 25;

/** The text of `describe certificaterequest`. */
export async function describeRequest(installation: Installation, seen: Seen, colour: boolean): Promise<string> {
  const { state, clock } = installation;
  const { key, certificate, written } = seen;
  const now = clock.now().getTime();
  const [attempts, events] = await Promise.all([state.attemptsOf(key), state.events(key, eventsShown)]);
  const { approved, denied, invalid, signed, failureTime } = certificate?.own ?? {};
  const head = headPart(seen, [
    ["Names", namesOf(seen)],
    ["Issuer", issuerOf(seen)],
    ["Requester", textAt(written.spec, "username")],
    ["Failed", failureTime],
  ]);
  return [
    head,
    conditionsPart([approved, denied, certificate?.ready, invalid, certificate?.issuing], now, colour),
    signed ? `Certificate:\n${signedPart(signed, now)}` : "Certificate:  <none>",
    attemptsPart(attempts, seen, now, colour),
    eventsPart(events, now, colour),
    `Next:\n  ${nextStep(seen, now)}`,
  ].join("\n\n");
}

/** What its CSR asks for, read anew. */
function namesOf({ key, written }: Seen): string {
  const parsed = parseCertificate({ key, apiVersion: written.apiVersion, metadata: undefined, spec: written.spec });
  if (!parsed.ok) return "<not readable>";
  const { uris = [], emailAddresses = [] } = parsed.resource.spec;
  return [...orderIdentifiers(parsed.resource.spec), ...uris, ...emailAddresses].join("\n") || "<none>";
}

function signedPart({ notBefore, notAfter, fingerprint }: SignedRequest, now: number): string {
  const instant = (at: number) => `${rfc3339(at)} (${fromNow(at, now)})`;
  return fields(
    [
      ["Not Before", instant(notBefore)],
      ["Not After", instant(notAfter)],
      ["SHA-256", fingerprint],
    ],
    "  ",
  );
}
