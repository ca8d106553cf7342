import "reflect-metadata";
import { AuthorityKeyIdentifierExtension, X509Certificate } from "@peculiar/x509";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import type { CertificateRow } from "../../core/rows.ts";
import type { Manifest } from "../../local/requests.ts";
import { fetchTrusting } from "../../local/trusting-fetch.ts";
import { certificate, openBed } from "../support/integration-bed.ts";

const bed = openBed();
const { stack, fresh } = bed;
const namespace = fresh("renewal-info");
const issuer = fresh("renewal-info");
const hour = 3_600_000;

const named = (name: string) =>
  certificate({ name: fresh(name), namespace, issuer, dnsNames: [`${fresh(name)}.example.test`] });
const [ahead, past, moving, nonsense, limited] = ["ahead", "past", "moving", "nonsense", "limited"].map(named) as [
  Manifest,
  Manifest,
  Manifest,
  Manifest,
  Manifest,
];

beforeAll(async () => {
  await bed.putIssuer({ name: issuer });
  await bed.put([ahead, past, moving, nonsense, limited]);
  await bed.ready([ahead, past, moving, nonsense, limited]);
});

const faults: string[] = [];
afterAll(() => Promise.all(faults.map((id) => stack.removeFault(id))));

const rowOf = async ({ metadata }: Manifest) =>
  (await stack.certificate({ namespace, name: metadata.name })) as CertificateRow;

/** What Pebble answers about the certificate that is stored now; text that is no renewal information, too. */
async function pebbleSays(manifest: Manifest, answer: object | string): Promise<void> {
  const ARIResponse = typeof answer === "string" ? answer : JSON.stringify(answer);
  const Certificate = (await bed.read(manifest))["tls.crt"];
  const { caCertificate, managementUrl } = stack.facts;
  const body = JSON.stringify({ Certificate, ARIResponse });
  const said = await fetchTrusting(caCertificate, `${managementUrl}/set-renewal-info/`, body);
  expect(said.status).toBe(200);
}

/** RFC 9773, section 4.1, of the certificate that is stored now. */
async function certIdOf(manifest: Manifest): Promise<string> {
  const leaf = new X509Certificate((await bed.read(manifest))["tls.crt"] ?? "");
  const keyId = leaf.getExtension(AuthorityKeyIdentifierExtension)?.keyId ?? "";
  const serial = Buffer.from(leaf.serialNumber, "hex");
  const integer = (serial[0] ?? 0) >= 0x80 ? Buffer.concat([Buffer.of(0), serial]) : serial;
  return `${Buffer.from(keyId, "hex").toString("base64url")}.${integer.toString("base64url")}`;
}

const windowIn = (from: number, to: number) => ({
  suggestedWindow: { start: new Date(Date.now() + from).toISOString(), end: new Date(Date.now() + to).toISOString() },
});

/** The next question is due now; resolves when it was answered, with what the row says then. */
async function looked(manifest: Manifest): Promise<CertificateRow> {
  const asked = Date.now() - 1_000;
  await vi.waitUntil(async () => {
    const row = await rowOf(manifest);
    if (!row.ari || row.attempt) return false;
    const due = { ...row, ari: { ...row.ari, nextCheckAt: asked }, dueAt: asked, lane: "new" as const };
    return (await stack.state.putCertificate(due)) === "saved";
  }, 30_000);
  await stack.sweep();
  return stack.waitFor({ namespace, name: manifest.metadata.name }, ({ ari }) => ari?.nextCheckAt !== asked, 30_000);
}

/** Pebble refuses a nonce now and then: those repeats do not count. */
const callsThatSay = async (action: string, contains: string) =>
  (await stack.calls({ service: "acme", action, contains })).filter(({ error }) => error !== "badNonce");
const ordersOf = ({ metadata }: Manifest) => callsThatSay("newOrder", `${metadata.name}.example.test`);

describe("renewal information of the real Pebble", () => {
  it.concurrent("is asked without an account, and its window is followed", async () => {
    const row = await looked(ahead);
    const { notBefore = 0, notAfter = 0 } = row.issued ?? {};
    const ideal = notAfter - (notAfter - notBefore) / 3;
    expect(Math.abs((row.ari?.window?.start ?? 0) - (ideal - 24 * hour))).toBeLessThan(10_000);
    expect(row.ari?.window?.chosenAt).toBeGreaterThanOrEqual(row.ari?.window?.start ?? 0);
    // Pebble's Retry-After is six hours.
    expect(Math.abs((row.ari?.nextCheckAt ?? 0) - Date.now() - 6 * hour)).toBeLessThan(0.7 * hour);
    expect(row).toMatchObject({ dueAt: row.ari?.nextCheckAt, revision: 1, ready: { status: "True" } });
    const [call] = await callsThatSay("renewalInfo", row.ari?.certId ?? "");
    expect(call).toMatchObject({ function: "check-certificates", parameters: { method: "GET" } });
  });

  it.concurrent("with a window in the past renews at once, once, naming what is replaced", async () => {
    const explanationURL = "https://pebble.test/why";
    await pebbleSays(past, { ...windowIn(-48 * hour, -24 * hour), explanationURL });
    const replaced = await certIdOf(past);
    await looked(past);
    await stack.sweep();
    const renewed = await stack.waitFor({ namespace, name: past.metadata.name }, ({ revision }) => revision === 2);
    expect(renewed.ari).toEqual({ nextCheckAt: expect.any(Number), latest: expect.any(Number) });
    const orders = await ordersOf(past);
    expect(orders.map(({ parameters }) => (parameters as { replaces?: string }).replaces)).toEqual([
      undefined,
      replaced,
    ]);
    expect((await looked(past)).revision).toBe(2);
    const events = await stack.state.events(renewed.key, 20);
    expect(events.map(({ reason, message }) => `${reason}: ${message}`).join("\n")).toContain(`see ${explanationURL}`);
  });

  it.concurrent("with a window that moves at each question chooses anew and renews nothing", async () => {
    const chosen = [];
    for (const days of [40, 20, 50]) {
      await pebbleSays(moving, windowIn(days * 24 * hour, (days + 1) * 24 * hour));
      chosen.push((await looked(moving)).ari?.window?.chosenAt ?? 0);
    }
    expect(chosen.map((at) => Math.floor((at - Date.now()) / hour / 24))).toEqual([40, 20, 50]);
    expect((await rowOf(moving)).revision).toBe(1);
    expect(await ordersOf(moving)).toHaveLength(1);
  });

  it.concurrent("that is malformed is an event, keeps the last window, and heals", async () => {
    const { ari } = await looked(nonsense);
    for (const answer of ['{"suggestedWindow":', "[]", windowIn(2 * hour, hour)]) {
      await pebbleSays(nonsense, answer);
      const wrong = await looked(nonsense);
      expect(wrong.ari).toMatchObject({ window: ari?.window, lastError: expect.stringMatching(/^BadReply: /) });
      expect(wrong).toMatchObject({ revision: 1, ready: { status: "True" } });
    }
    const events = await stack.state.events((await rowOf(nonsense)).key, 20);
    expect(events.filter(({ reason }) => reason === "ARIError").length).toBeGreaterThan(0);
    await pebbleSays(nonsense, windowIn(24 * hour, 48 * hour));
    expect((await looked(nonsense)).ari).not.toHaveProperty("lastError");
  });

  it.concurrent("that is limited is asked again when Retry-After says", async () => {
    const certId = (await looked(limited)).ari?.certId ?? "";
    const answer = { status: 429, code: "rateLimited", headers: { "retry-after": "7200" } };
    faults.push(
      await stack.refuse({ service: "acme", action: "renewalInfo", contains: certId }, { answer, times: -1 }),
    );
    const { ari } = await looked(limited);
    expect(ari?.lastError).toMatch(/^RateLimited: /);
    expect(Math.abs((ari?.nextCheckAt ?? 0) - Date.now() - 2 * hour)).toBeLessThan(0.25 * hour);
  });
});
