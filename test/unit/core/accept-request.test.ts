import { describe, expect, it } from "vitest";
import { acceptRequest } from "../../../core/accept-request.ts";
import type { Deps } from "../../../core/deps.ts";
import { memoryRequests } from "../../support/memory-requests.ts";
import { everyName } from "../../support/openssl-csrs.ts";

function world() {
  const requests = memoryRequests();
  const logs: Record<string, unknown>[] = [];
  const deps = { requests, dnsAdapters: {}, log: (line: Record<string, unknown>) => void logs.push(line) };
  const order = (type: "Requested" | "Deletion Requested", detail: Record<string, unknown>) =>
    acceptRequest(deps as unknown as Deps, {
      "detail-type": `Certificate ${type}`,
      source: "certwright.namespace.web",
      detail,
    });
  return { requests, logs, order };
}

describe("an order on the bus", () => {
  const key = { namespace: "web", kind: "CertificateRequest", name: "www" } as const;
  const usages = ["digital signature", "key encipherment", "server auth", "client auth"];
  const spec = { request: everyName, issuerRef: { name: "root" }, usages };

  it("may be for a CertificateRequest, and end it", async () => {
    const { requests, logs, order } = world();
    await order("Requested", { kind: "CertificateRequest", name: "www", spec });
    expect((await requests.get(key))?.spec).toEqual(spec);
    expect(await requests.get({ ...key, kind: "Certificate" })).toBeUndefined();
    expect(logs).toEqual([]);
    await order("Deletion Requested", { kind: "CertificateRequest", name: "www" });
    expect(await requests.get(key)).toBeUndefined();
  });

  it("is for a Certificate when it says no kind, and for nothing else", async () => {
    const { requests, order } = world();
    await order("Requested", { name: "www", spec: {} });
    expect(await requests.get({ ...key, kind: "Certificate" })).toBeDefined();
    await expect(order("Requested", { kind: "Issuer", name: "www", spec: {} })).rejects.toThrow(
      "detail.kind: must be Certificate or CertificateRequest",
    );
  });

  it("may have its fields as text", async () => {
    const { requests, logs, order } = world();
    const text = JSON.stringify(spec);
    await order("Requested", { kind: "CertificateRequest", name: "www", spec: text, metadata: "labels: {}" });
    expect((await requests.get(key))?.spec).toBe(text);
    expect(logs).toEqual([]);
  });
});
