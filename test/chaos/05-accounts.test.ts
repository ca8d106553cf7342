import { expect } from "vitest";
import { secretsByHand, toRenew, touched, withAcme } from "../support/c-objects.ts";
import { accountsMade, allTell, deactivate, staysReady, working } from "../support/chaos/acme-accounts.ts";
import { refuses } from "../support/chaos/acme-front.ts";
import { atOwnCa, issuerTells, type OwnCa, tells } from "../support/chaos/acme-rows.ts";
import { inWords, issuedOnce } from "../support/chaos/issued-once.ts";
import { chaosTable } from "../support/chaos/rows.ts";
import { openBed } from "../support/integration-bed.ts";

const bed = openBed();
const { stack } = bed;
const byHand = secretsByHand(stack);
const anotherAccount = ({ issuer }: OwnCa) =>
  withAcme(issuer, { privateKeySecretRef: { name: `${issuer.metadata.name}-another` } });

chaosTable(
  "The account is closed at the CA",
  [
    {
      fault: "it was deactivated, and a certificate is to be renewed",
      expected:
        "AccountClosed on the issuer and on each Certificate, no new account; another secret makes one, on purpose.",
      run: working(bed, "closed", async (ca, wanted) => {
        const { front, issuer, want } = ca;
        await deactivate(bed, front, issuer);
        await bed.put([toRenew(wanted)]);
        const words = /deactivated.*name another secret in spec\.acme\.privateKeySecretRef/i;
        await issuerTells(bed, issuer, "AccountClosed", words);
        const fresh = want("fresh");
        await bed.put([fresh, toRenew(wanted)]);
        await allTell(ca, [fresh, wanted], { reason: "AccountClosed", words, accounts: 1 });
        await staysReady(bed, wanted);
        await bed.put([anotherAccount(ca)]);
        await bed.ready([issuer, fresh]);
        await issuedOnce(bed, wanted, { revision: 2, attempts: 3, orders: 3 });
        expect(accountsMade(front)).toBe(2);
        return "AccountClosed, IssuerNotReady; then all Ready with the account of another secret";
      }),
    },
    {
      fault: "it is deactivated while an order is under way",
      expected: "The Certificate shows the CA's words, the issuer AccountClosed; no new account.",
      run: atOwnCa(bed, "closing", async (ca) => {
        const { front, issuer, want } = ca;
        await bed.put([issuer]);
        await bed.ready([issuer]);
        const wanted = want();
        front.spoil("challenge", async (pass) => {
          const reply = await pass();
          await deactivate(bed, front, issuer);
          return reply;
        });
        await bed.put([wanted]);
        await tells(bed, wanted, "Unauthorized", /deactivated/i);
        await issuerTells(bed, issuer, "AccountClosed", /deactivated/i);
        await bed.put([toRenew(wanted)]);
        await allTell(ca, [wanted], { reason: "AccountClosed", words: /deactivated/i, accounts: 1 });
        await bed.put([anotherAccount(ca)]);
        const seen = await issuedOnce(bed, wanted, { attempts: 2, orders: 2 });
        return `Unauthorized, then AccountClosed; with another secret ${inWords(seen)}`;
      }),
    },
    {
      fault: "newOrder wants a person to agree to new terms",
      expected: "UserActionRequired with the page to open; the attempt is kept, and goes on when somebody has agreed.",
      quick: true,
      run: atOwnCa(bed, "terms", async ({ front, issuer, want }) => {
        await bed.put([issuer]);
        await bed.ready([issuer]);
        front.spoil("newOrder", refuses(403, "userActionRequired", { detail: "Terms of service have changed" }), {
          times: -1,
        });
        const wanted = want();
        await bed.put([wanted]);
        const { next } = await tells(bed, wanted, "UserActionRequired", /Terms of service have changed/);
        expect(next).toMatch(/^Attempt \S+ goes on at /);
        front.heal();
        await bed.put([toRenew(wanted)]);
        return inWords(await issuedOnce(bed, wanted));
      }),
    },
  ],
  { beside: true },
);

const { keyId, hmacKey } = stack.facts.externalAccount;
const wrongBindings = [
  {
    what: "the key id is unknown",
    keyID: "nobody",
    mac: hmacKey,
    reason: "AccountRefused",
    words: /Check spec\.acme\.externalAccountBinding/,
  },
  {
    what: "the MAC key is another",
    keyID: keyId,
    mac: Buffer.alloc(32, "no").toString("base64url"),
    reason: "AccountRefused",
    words: /Check spec\.acme\.externalAccountBinding/,
  },
  {
    what: "the MAC key is not base64url",
    keyID: keyId,
    mac: "§§§",
    reason: "ExternalAccountKeyInvalid",
    words: /empty or not base64url.*exactly as the CA gave it/,
  },
  {
    what: "the secret of the MAC key is missing",
    keyID: keyId,
    mac: undefined,
    reason: "SecretKeyMissing",
    words: /has no key "mac"; store a JSON object/,
  },
];

chaosTable(
  "The external account binding is wrong",
  [
    ...wrongBindings.map(({ what, keyID, mac, reason, words }, index) => ({
      fault: what,
      expected: `${reason} on the issuer and on the Certificate, with the fix; no account is made. Mended, one is made.`,
      run: atOwnCa(bed, `eab-${index}`, async (ca) => {
        const { front, want } = ca;
        const name = `${ca.issuer.metadata.name}-hmac`;
        const bound = (id: string) =>
          withAcme(ca.issuer, { externalAccountBinding: { keyID: id, keySecretRef: { name, key: "mac" } } });
        if (mac !== undefined) await byHand.create(`_cluster/${name}`, { mac });
        const wanted = want();
        await bed.put([bound(keyID), wanted]);
        await allTell(ca, [wanted], { reason, words, accounts: 0 });
        await (mac === undefined ? byHand.create : byHand.overwrite)(`_cluster/${name}`, { mac: hmacKey });
        await bed.put([touched(bound(keyId))]);
        const seen = await issuedOnce(bed, wanted);
        expect(accountsMade(front)).toBe(1);
        return `${reason}, 0 accounts; then ${inWords(seen)}`;
      }),
    })),
    {
      fault: "the CA wants one and the issuer names none",
      expected: "ExternalAccountRequired on the issuer and on the Certificate, with the fix; no account is made.",
      run: atOwnCa(bed, "eab-none", async (ca) => {
        ca.front.spoil("newAccount", refuses(403, "externalAccountRequired"), { times: -1 });
        const wanted = ca.want();
        await bed.put([ca.issuer, wanted]);
        const words = /Set spec\.acme\.externalAccountBinding/;
        await allTell(ca, [wanted], { reason: "ExternalAccountRequired", words, accounts: 0 });
        return "ExternalAccountRequired and IssuerNotReady, 0 accounts";
      }),
    },
  ],
  { beside: true },
);
