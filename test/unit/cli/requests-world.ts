import { expect } from "vitest";
import { refOf } from "../../../core/attempt-ref.ts";
import type { OwnRequest } from "../../../core/own-csr/own-request.ts";
import { parseCertificate } from "../../../core/request.ts";
import type { CertificateRow } from "../../../core/rows.ts";
import type { Condition } from "../../../core/status.ts";
import { everyName } from "../../support/openssl-csrs.ts";
import { noon, ready, type World } from "./world.ts";

export const key = { namespace: "default", kind: "CertificateRequest", name: "web" } as const;
const attemptId = "11111111-2222-4333-8444-555555555555";
export const spec = {
  request: everyName,
  issuerRef: { name: "root" },
  usages: ["digital signature", "key encipherment", "server auth", "client auth"],
};
export const condition = (type: Condition["type"], reason: string, message: string): Condition => ({
  ...ready("True", reason, message),
  type,
});
export const approved = condition(
  "Approved",
  "cert-manager.io",
  "Certificate request has been approved by cert-manager.io",
);
export const signed = { attemptId, notBefore: noon, notAfter: noon + 3_600_000, fingerprint: "ab".repeat(32) };

/** A CertificateRequest in Requests, as State knows it. */
export async function given(
  world: World,
  own: OwnRequest,
  more: Partial<CertificateRow> = {},
  written: Record<string, unknown> = spec,
) {
  await world.requests.put({ key, apiVersion: "cert-manager.io/v1", spec: written });
  await stateSays(world, own, more);
}

export async function stateSays(world: World, own: OwnRequest, more: Partial<CertificateRow> = {}): Promise<void> {
  const stored = await world.requests.get(key);
  if (!stored) throw new Error("there is no request");
  const parsed = parseCertificate(stored);
  const specHash = parsed.ok ? parsed.resource.specHash : parsed.specHash;
  const said = own.signed
    ? ready("True", "Issued", "Certificate fetched from issuer successfully")
    : ready("False", own.failureTime ? "Failed" : "Pending", "why");
  const row = { key, schema: 1, version: 0, generation: 1, specHash, ready: said, own, ...more };
  expect(await world.state.putCertificate(row)).toBe("saved");
  if (own.signed) await world.state.putChain(refOf(key, attemptId), { chain: "LEAF\n", ca: "ROOT\n" }, 0);
}
