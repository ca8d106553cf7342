import { describe, expect, it } from "vitest";
import {
  attemptLapsed,
  attemptReleased,
  issuerChanged,
  keyChanged,
  manuallyTriggered,
  notIssuedYet,
  renewalDue,
  requestChanged,
  secretDrifted,
  secretGone,
  secretRenamed,
} from "../../../../core/checks.ts";
import type { Check } from "../../../../core/decide.ts";
import { askedOf, at, day, decided, factsOf, type World } from "./world.ts";

const wish = { "certwright.dev/renew-requested-at": "2026-11-22T11:00:00Z" };
const toS3 = { "certwright.dev/store": "s3" };
const drift = { versionId: "x", reason: "SecretMismatch", message: "another certificate" };
const rsa = { privateKey: { algorithm: "RSA", size: 2048 } };
const ended: World = { row: { attempt: { id: "a2", leaseId: "l1" }, dueAt: at(0) } };
const released: World = { row: { attempt: { id: "a2" }, dueAt: at(0) } };

/** An edit: the certificate was asked with the first spec, the object has the second. */
function edit(before: Record<string, unknown>, after: Record<string, unknown>): World {
  return { decidedOn: before, spec: after, asked: askedOf(before) };
}

interface Case {
  check: Check;
  reason: string;
  fires: [when: string, world: World][];
  not: [when: string, world: World][];
}

const cases: Case[] = [
  {
    check: attemptLapsed,
    reason: "LeaseLapsed",
    fires: [
      ["its execution died", ended],
      ["its execution died during the first issuance", { ...ended, issued: null }],
    ],
    not: [
      ["the object was edited since: the attempt is for another spec", { ...ended, ...edit({ duration: "48h" }, {}) }],
      ["it was released", released],
      ["there is no attempt", {}],
    ],
  },
  {
    check: attemptReleased,
    reason: "Resuming",
    fires: [
      ["its instant has come", released],
      ["it waited for the first certificate", { ...released, issued: null }],
    ],
    not: [
      ["the object was edited since", { ...released, ...edit({ duration: "48h" }, {}) }],
      ["there is no attempt", {}],
    ],
  },
  {
    check: notIssuedYet,
    reason: "DoesNotExist",
    fires: [
      ["the object is new", { row: null }],
      ["the first attempt failed", { issued: null, row: { failedIssuanceAttempts: 1, dueAt: at(0) } }],
    ],
    not: [["there is a certificate", {}]],
  },
  {
    check: secretRenamed,
    reason: "DoesNotExist",
    fires: [
      ["the secret is to have another name", edit({}, { secretName: "other-tls" })],
      ["the secret is to be in another store", { annotations: toS3 }],
    ],
    not: [
      ["name and store are the same", { annotations: toS3, issued: { store: "s3" } }],
      ["no store is asked for", { issued: { store: "s3" } }],
    ],
  },
  {
    check: issuerChanged,
    reason: "IncorrectIssuer",
    fires: [
      ["another issuer is named", edit({}, { issuerRef: { name: "other" } })],
      ["the ClusterIssuer of that name is named", edit({}, { issuerRef: { name: "le", kind: "ClusterIssuer" } })],
    ],
    not: [
      [
        "the same issuer is named, with its group",
        edit({}, { issuerRef: { name: "le", kind: "Issuer", group: "cert-manager.io" } }),
      ],
      ["nothing changed, so that nobody read what was asked", {}],
    ],
  },
  {
    check: keyChanged,
    reason: "SecretMismatch",
    fires: [
      ["another algorithm is asked for", edit(rsa, { privateKey: { algorithm: "ECDSA" } })],
      ["another size is asked for", edit(rsa, { privateKey: { algorithm: "RSA", size: 4096 } })],
      ["a key without a size is asked for", edit(rsa, { privateKey: { algorithm: "Ed25519" } })],
    ],
    not: [
      ["the default is written out", edit({}, rsa)],
      ["only its encoding changed", edit(rsa, { privateKey: { ...rsa.privateKey, encoding: "PKCS8" } })],
      ["only its rotation changed", edit(rsa, { privateKey: { ...rsa.privateKey, rotationPolicy: "Never" } })],
    ],
  },
  {
    check: requestChanged,
    reason: "RequestChanged",
    fires: [
      ["a name is added", edit({}, { dnsNames: ["www.example.com", "api.example.com"] })],
      ["a name is gone", edit({ dnsNames: ["a.example.com", "b.example.com"] }, { dnsNames: ["a.example.com"] })],
      ["a common name is added", edit({}, { commonName: "www.example.com" })],
      ["the common name is gone", edit({ commonName: "www.example.com" }, {})],
      ["a usage is added", edit({}, { usages: ["digital signature", "key encipherment", "client auth"] })],
      ["the duration changed", edit({}, { duration: "48h" })],
    ],
    not: [
      [
        "the names are in another order",
        edit({ dnsNames: ["a.example.com", "b.example.com"] }, { dnsNames: ["b.example.com", "a.example.com"] }),
      ],
      ["a name is there twice", edit({}, { dnsNames: ["www.example.com", "www.example.com"] })],
      ["a name is written in capitals", edit({}, { dnsNames: ["WWW.example.com"] })],
      ["the usages are in another order", edit({}, { usages: ["key encipherment", "digital signature"] })],
      ["the default duration is written out", edit({}, { duration: "2160h" })],
      ["only renewBefore changed", edit({}, { renewBefore: "240h" })],
      ["only the secret's template changed", edit({}, { secretTemplate: { labels: { a: "b" } } })],
    ],
  },
  {
    check: manuallyTriggered,
    reason: "ManuallyTriggered",
    fires: [
      ["somebody asked", { annotations: wish }],
      ["somebody asked again", { annotations: wish, row: { renewRequestedAt: "2026-11-20T11:00:00Z" } }],
    ],
    not: [
      ["that wish was acted on", { annotations: wish, row: { renewRequestedAt: "2026-11-22T11:00:00Z" } }],
      ["the wish was taken away", { row: { renewRequestedAt: "2026-11-22T11:00:00Z" } }],
    ],
  },
  {
    check: renewalDue,
    reason: "Renewing",
    fires: [
      ["its time has come", { issued: { renewalTime: at(0) } }],
      ["the certificate has ended already", { issued: { renewalTime: at(-40 * day), notAfter: at(-day) } }],
    ],
    not: [
      ["its time comes in a millisecond", { issued: { renewalTime: at(1) } }],
      ["it is never renewed by itself, even when it has ended", { issued: { renewalTime: null, notAfter: at(-day) } }],
    ],
  },
  {
    check: secretGone,
    reason: "DoesNotExist",
    fires: [
      ["somebody deleted the secret", { secret: "absent" }],
      ["the secret is in its recovery window", { secret: { deletedAt: new Date(at(-1)) } }],
    ],
    not: [
      ["the secret is there", { secret: {} }],
      ["nobody looked", {}],
    ],
  },
  {
    check: secretDrifted,
    reason: "SecretMismatch",
    fires: [
      ["what somebody wrote was looked at and needs a new certificate", { row: { drift }, secret: { versionId: "x" } }],
      ["it has no current version", { secret: { versionId: undefined } }],
    ],
    not: [
      ["it holds our version", { secret: { versionId: "a1" } }],
      ["nobody looked", {}],
    ],
  },
];

describe.each(cases)("$check.name", ({ check, reason, fires, not }) => {
  it.each(fires)("fires when %s", (_when, world) => {
    expect(check(factsOf(world))).toMatchObject({ action: "issue", reason });
    expect(decided(world)).toMatchObject({ action: "issue", reason });
  });

  it.each(not)("does not fire when %s", (_when, world) => {
    expect(check(factsOf(world))).toBeUndefined();
  });

  it.each(fires)("is an issuance with a message and a lane when %s", (_when, world) => {
    const lane = factsOf(world).row?.issued ? "renew" : "new";
    expect(decided(world)).toMatchObject({ lane, message: expect.stringMatching(/.{10,}/) });
  });
});

describe("what is resumed", () => {
  it.each<[string, World, { resume: boolean; alone: boolean }]>([
    ["an attempt whose execution died goes on, alone", ended, { resume: true, alone: true }],
    ["a released attempt goes on among others", released, { resume: true, alone: false }],
    [
      "one whose neighbour killed the function goes on alone",
      { row: { attempt: { id: "a2", alone: true }, dueAt: at(0) } },
      { resume: true, alone: true },
    ],
    ["an edit begins anew", { ...released, ...edit({ duration: "48h" }, {}) }, { resume: false, alone: false }],
    ["a renewal begins anew", { issued: { renewalTime: at(0) } }, { resume: false, alone: false }],
  ])("%s", (_sentence, world, expected) => {
    expect(decided(world)).toMatchObject({ action: "issue", ...expected });
  });

  it("names the attempt", () => {
    expect(decided(ended)).toMatchObject({ message: "going on with attempt a2" });
  });

  it("is nothing when the edit was taken back: the certificate that is there is the one asked for", () => {
    const world: World = { ...released, decidedOn: { duration: "48h" }, spec: {}, asked: askedOf() };
    expect(decided(world)).toMatchObject({ action: "nothing", reason: "UpToDate" });
  });
});

describe("a message", () => {
  it.each<[string, World, string]>([
    ["names the secret", { row: null }, 'Issuing certificate as Secret "www-tls" does not exist'],
    [
      "names the new secret",
      edit({}, { secretName: "other-tls" }),
      'Issuing certificate as Secret "other-tls" does not exist',
    ],
    [
      "names the fields that changed",
      edit({}, { duration: "48h", commonName: "www.example.com" }),
      "[spec.commonName spec.duration]",
    ],
    [
      "names both issuers",
      edit({}, { issuerRef: { name: "other" } }),
      "issued by web/Issuer/le, the spec names web/Issuer/other",
    ],
    ["names the instant of the renewal", { issued: { renewalTime: at(0) } }, "scheduled at 2026-11-22T12:00:00Z"],
    ["names the foreign version", { secret: { versionId: "x" } }, "holds version x"],
    ["says what was found in it", { row: { drift }, secret: { versionId: "x" } }, "another certificate"],
  ])("%s", (_sentence, world, text) => {
    expect(decided(world)).toMatchObject({ message: expect.stringContaining(text) });
  });
});

describe("upToDate", () => {
  it("is the last answer, and asks for a look at the secret once", () => {
    expect(decided()).toEqual({ action: "nothing", reason: "UpToDate", look: true });
    expect(decided({ secret: {} })).toEqual({ action: "nothing", reason: "UpToDate", look: false });
  });
});
