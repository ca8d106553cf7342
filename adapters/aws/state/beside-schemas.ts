import * as z from "zod/mini";
import type { Challenge } from "../../../core/challenge.ts";
import type { RevocationRow } from "../../../core/revocation/state.ts";
import { revocationReasons, revocationSigners } from "../../../core/revocation/wish.ts";
import type { ChallengesItem, CsrItem } from "../../../core/rows.ts";

const text = z.string();
const optional = z.exactOptional;

/** DynamoDB's binary, as the base64 the core speaks. */
const bytes = z.pipe(
  z.instanceof(Uint8Array),
  z.transform((value) => Buffer.from(value).toString("base64")),
);

const anyChallenge = {
  identifier: text,
  wildcard: z.boolean(),
  authorizationUrl: text,
  challengeUrl: text,
  solver: z.number(),
};

const txtChallenge = { ...anyChallenge, recordName: text, target: optional(text), recordValue: text };

const challenge: z.ZodMiniType<Challenge> = z.discriminatedUnion("type", [
  z.looseObject({ ...txtChallenge, type: z.literal("dns-01") }),
  z.looseObject({ ...txtChallenge, type: z.literal("dns-persist-01") }),
  z.looseObject({ ...anyChallenge, type: z.literal("http-01"), token: text, keyAuthorization: text }),
]);

/** `...#csr`. */
export const csrItem: z.ZodMiniType<CsrItem> = z.looseObject({
  csr: bytes,
  publicKeyHash: text,
  names: z.array(text),
  asked: z.looseObject({
    commonName: optional(text),
    dnsNames: z.array(text),
    durationSeconds: z.number(),
    usages: z.array(text),
    keyAlgorithm: text,
    keySize: optional(z.number()),
    issuer: text,
  }),
});

/** `...#challenges`. */
export const challengesItem: z.ZodMiniType<ChallengesItem> = z.looseObject({
  challenges: z.array(challenge),
  accountKey: optional(text),
  former: optional(z.array(z.looseObject({ name: text, value: text, solver: z.number() }))),
  formerTokens: optional(z.array(text)),
});

/** `...#chain`. */
export const chainItem = z.object({ chain: text, ca: optional(text) });

/** `key#...` under `_system`. */
export const sealedKey = z.object({ dataKey: bytes, iv: bytes, ciphertext: bytes, tag: bytes });

/** `txt#...` under `_system`; no attempts when the last one left. */
export const recordItem = z.object({ attempts: z.set(text) });

/** `answer#...` under `_http01`. */
export const answerItem = z.object({ keyAuthorization: text });

/** `Secret/...`. */
export const secretClaim = z.object({
  owner: text,
  store: z.enum(["secretsManager", "s3"]),
  releasedAt: optional(z.number()),
});

/** `...#revocation#...`. */
export const revocationItem: z.ZodMiniType<Omit<RevocationRow, "ref">> = z.looseObject({
  schema: z.number(),
  version: z.number(),
  requestedAt: text,
  reason: z.enum(revocationReasons),
  with: optional(z.enum(revocationSigners)),
  sharedWith: optional(text),
  revokedAt: optional(text),
  refusal: optional(text),
  blocked: optional(z.literal(true)),
  shared: optional(z.array(text)),
  message: optional(text),
  ended: optional(z.enum(["replaced", "gone"])),
  looks: optional(z.number()),
  dueAt: optional(z.number()),
  expiresAt: optional(z.number()),
});

/** `blocked-key#...` under `_system`. */
export const blockedKey = z.object({ publicKeyHash: text, saidBy: text, at: text });

/** `ledger#...` under `_system`. */
export const bucketItem = z.object({ version: z.number(), tokens: z.number(), at: z.number() });

/** `...#event#...`. */
export const eventItem = z.object({
  at: z.number(),
  type: z.enum(["Normal", "Warning"]),
  reason: text,
  message: text,
  attemptId: optional(text),
});
