import fc from "fast-check";
import type { FakeAcme, Fault } from "../fake-acme.ts";
import { anyChange, changed, seed } from "./generated-values.ts";

/** The wrong answers of a CA. */
export interface Answers {
  /** How many it gave so far. */
  given(): number;
  /** From now on all answers are right. */
  stop(): void;
}

const resources = [
  ...["directory", "newNonce", "newAccount", "account", "newOrder"],
  ...["order", "authorization", "challenge", "finalize", "certificate"],
];
/** Prepared for each resource; then they come again. */
const prepared = 5_000;

/** Makes about every third answer of this CA a wrong one. */
export function generatedAnswers(fake: FakeAcme): Answers {
  let given = 0;
  let stopped = false;
  const all = resources.map(
    (resource, index) => [resource, fc.sample(anyAnswer, { numRuns: prepared, seed: seed + index })] as const,
  );
  const queues = new Map(all.map(([resource, answers]) => [resource, { answers, next: 0 }]));
  fake.chance = (resource) => {
    const queue = queues.get(resource);
    if (!queue || stopped) return undefined;
    const answer = queue.answers[queue.next % prepared];
    queue.next += 1;
    if (answer) given += 1;
    return answer;
  };
  spoilCertificates(fake, () => {
    if (stopped || given % 2 === 0) return false;
    given += 1;
    return true;
  });
  return {
    given: () => given,
    stop: () => {
      stopped = true;
    },
  };
}

/** Chains that are broken, somebody else's, or written differently. */
function spoilCertificates({ ca }: FakeAcme, spoil: () => boolean): void {
  const { certificate } = ca;
  let last = "";
  let turn = 0;
  const ways: ((pem: string) => string)[] = [
    (pem) => pem.slice(0, -30),
    (pem) =>
      pem
        .split(/(?<=-----END CERTIFICATE-----\n)/)
        .reverse()
        .join(""),
    () => last,
    (pem) => pem.replace(/A/g, "B"),
    (pem) => pem.replaceAll("\n", "\r\n"),
    (pem) => `${pem}${pem}`,
    (pem) => pem.split(/(?<=-----END CERTIFICATE-----\n)/)[1] ?? "",
  ];
  ca.certificate = (account, id) => {
    const right = certificate(account, id);
    turn += 1;
    const answer = spoil() ? (ways[turn % ways.length]?.(right) ?? right) : right;
    last = right;
    return answer;
  };
}

const types = [
  ...["accountDoesNotExist", "alreadyReplaced", "badCSR", "badNonce", "badPublicKey", "badSignatureAlgorithm", "caa"],
  ...["compound", "connection", "dns", "externalAccountRequired", "incorrectResponse", "invalidContact", "malformed"],
  ...["orderNotReady", "rateLimited", "rejectedIdentifier", "serverInternal", "tls", "unauthorized", "invalidProfile"],
  ...["unsupportedContact", "unsupportedIdentifier", "userActionRequired", "neverHeardOf", "", "x".repeat(5_000)],
];

const anyProblem = fc
  .record({
    type: fc.constantFrom(...types),
    detail: fc.oneof(fc.string({ unit: "binary", maxLength: 60 }), fc.constant("too many new orders recently")),
    subproblems: fc.constantFrom(undefined, [], [{ type: "urn:ietf:params:acme:error:caa", detail: "no" }], [null]),
  })
  .map(({ type, ...rest }) => ({ type: `urn:ietf:params:acme:error:${type}`, ...rest }));

/** Retry-After, Location, Link and Replay-Nonce as servers should and should not send them. */
const anyHeaders = fc.oneof(
  { weight: 3, arbitrary: fc.constant({}) },
  {
    weight: 1,
    arbitrary: fc.constantFrom<Record<string, string>[]>(
      { "Retry-After": "0" },
      { "Retry-After": "5" },
      { "Retry-After": "-5" },
      { "Retry-After": "99999999999" },
      { "Retry-After": "Sun, 22 Nov 2026 12:00:30 GMT" },
      { "Retry-After": "Thu, 01 Jan 1970 00:00:00 GMT" },
      { "Retry-After": "soon" },
      { "Replay-Nonce": "never-given" },
      { "Replay-Nonce": "not a nonce!" },
      { "Replay-Nonce": "" },
      { Location: "https://elsewhere.test/order/1" },
      { Location: "" },
      { Location: "not a url" },
      { Link: '<https://elsewhere.test>;rel="alternate"' },
      { "Content-Type": "text/html" },
    ),
  },
);

const anyText = fc.constantFrom(
  ...["", "null", "[]", "{", '"text"', "<html>502 Bad Gateway</html>", "\u0000\u0001", '{"status":', "1e999"],
  ...["-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", "x".repeat(1_200_000), '{"__proto__":{"a":1}}'],
);

/** Statuses of objects, the right ones at the wrong time. */
const anyStatus = fc.constantFrom(
  "pending",
  "ready",
  "processing",
  "valid",
  "invalid",
  "deactivated",
  "revoked",
  "new",
);

const anyFault: fc.Arbitrary<Fault> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc
      .tuple(fc.array(anyChange, { minLength: 1, maxLength: 2 }), anyHeaders)
      .map(([changes, headers]) => ({ rewrite: (body: object) => plain(changed(body, changes)), headers })),
  },
  {
    weight: 3,
    arbitrary: fc
      .tuple(anyStatus, anyHeaders)
      .map(([status, headers]) => ({ rewrite: (body: object) => ({ ...body, status }), headers })),
  },
  {
    weight: 4,
    arbitrary: fc
      .tuple(fc.constantFrom(400, 401, 403, 404, 409, 429, 500, 502, 503), anyProblem, anyHeaders)
      .map(([status, body, headers]) => ({ status, body, headers })),
  },
  {
    weight: 2,
    arbitrary: fc
      .tuple(fc.constantFrom(200, 201, 204, 301, 304, 403, 418, 500, 503), anyText, anyHeaders)
      .map(([status, text, headers]) => ({ status, text: status === 204 || status === 304 ? "" : text, headers })),
  },
  { weight: 1, arbitrary: fc.constantFrom<Fault[]>({ connection: "reset" }, { connection: "truncate" }) },
);

const anyAnswer: fc.Arbitrary<Fault | undefined> = fc.oneof(
  { weight: 2, arbitrary: fc.constant(undefined) },
  { weight: 1, arbitrary: anyFault },
);

/** What JSON can say of it: a server sends no sets. */
function plain(value: unknown): unknown {
  return value === undefined ? null : JSON.parse(JSON.stringify(value));
}
