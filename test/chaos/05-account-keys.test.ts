import { DeleteItemCommand } from "@aws-sdk/client-dynamodb";
import { DeleteSecretCommand, RestoreSecretCommand } from "@aws-sdk/client-secrets-manager";
import { marshall } from "@aws-sdk/util-dynamodb";
import { expect } from "vitest";
import { newKeyPem } from "../support/acme-bed.ts";
import { accountOf } from "../support/c-issuers.ts";
import { secretsByHand } from "../support/c-objects.ts";
import { accountsMade, allTell, keySecretOf, staysReady, storedKey, working } from "../support/chaos/acme-accounts.ts";
import { breaksAfter } from "../support/chaos/acme-front.ts";
import { atOwnCa, checkNow, issuerTells, type OwnCa, tells } from "../support/chaos/acme-rows.ts";
import { hourSeconds, onWire } from "../support/chaos/acme-wire.ts";
import { inWords, issuedOnce } from "../support/chaos/issued-once.ts";
import { chaosTable } from "../support/chaos/rows.ts";
import { openBed } from "../support/integration-bed.ts";

const bed = openBed();
const { stack } = bed;
const byHand = secretsByHand(stack);

chaosTable(
  "The account's key is lost or changed",
  [
    ...[
      {
        how: "deleted",
        lose: (ca: OwnCa) => byHand.delete(keySecretOf(ca.issuer)),
        mend: (ca: OwnCa, key: object) => byHand.create(keySecretOf(ca.issuer), key),
      },
      {
        how: "scheduled for deletion",
        lose: async ({ issuer }: OwnCa) => {
          const SecretId = `${stack.facts.instance}/${keySecretOf(issuer)}`;
          await stack.clients.secrets.send(new DeleteSecretCommand({ SecretId, RecoveryWindowInDays: 7 }));
        },
        mend: async ({ issuer }: OwnCa) => {
          const SecretId = `${stack.facts.instance}/${keySecretOf(issuer)}`;
          await stack.clients.secrets.send(new RestoreSecretCommand({ SecretId }));
        },
      },
      {
        how: "overwritten with a key that the CA does not know",
        lose: async ({ issuer }: OwnCa) => byHand.overwrite(keySecretOf(issuer), { "tls.key": await newKeyPem() }),
        mend: ({ issuer }: OwnCa, key: object) => byHand.overwrite(keySecretOf(issuer), key),
      },
    ].map(({ how, lose, mend }) => ({
      fault: `its secret was ${how}`,
      expected:
        "AccountKeyLost on the issuer and on each new Certificate, no new account; with the secret back the same account goes on.",
      run: working(bed, `key-${how.slice(0, 9).trim().replaceAll(" ", "-")}`, async (ca, wanted) => {
        const { front, issuer, want } = ca;
        const [key, { accountUrl }] = [await storedKey(bed, issuer), await accountOf(stack, issuer)];
        await lose(ca);
        await checkNow(bed, issuer);
        const fresh = want("fresh");
        await bed.put([fresh]);
        const words = new RegExp(`the key of account ${accountUrl} is gone: .*restore the secret`);
        const next = await allTell(ca, [fresh], { reason: "AccountKeyLost", words, accounts: 1 });
        expect(next).toMatch(/^It is checked again at /);
        await staysReady(bed, wanted);
        await mend(ca, key);
        await checkNow(bed, issuer);
        const seen = await issuedOnce(bed, fresh);
        expect((await accountOf(stack, issuer)).accountUrl).toBe(accountUrl);
        expect(accountsMade(front)).toBe(1);
        return `AccountKeyLost; the same account afterwards, ${inWords(seen)}`;
      }),
    })),
    {
      fault: "its secret was overwritten with something that is no key",
      expected: "AccountKeyInvalid on the issuer and on each new Certificate; the text is not shown; no new account.",
      run: working(bed, "key-garbage", async (ca) => {
        const key = await storedKey(bed, ca.issuer);
        await byHand.overwrite(keySecretOf(ca.issuer), { "tls.key": "correct horse battery staple" });
        await checkNow(bed, ca.issuer);
        const fresh = ca.want("fresh");
        await bed.put([fresh]);
        const words = /^secret "\S+" has no private key in PEM under "tls\.key"; store a JSON object/;
        await allTell(ca, [fresh], { reason: "AccountKeyInvalid", words, accounts: 1 });
        await byHand.overwrite(keySecretOf(ca.issuer), key);
        await checkNow(bed, ca.issuer);
        return `AccountKeyInvalid; then ${inWords(await issuedOnce(bed, fresh))}`;
      }),
    },
    {
      fault: "State's row of the issuer was deleted",
      expected: "The resync brings the issuer back; the account is found by its key, none is made.",
      run: working(bed, "row-lost", async ({ front, issuer, want }) => {
        const { accountUrl } = await accountOf(stack, issuer);
        const Key = marshall({ namespace: "_cluster", resource: `ClusterIssuer/${issuer.metadata.name}` });
        await stack.clients.dynamo.send(new DeleteItemCommand({ TableName: stack.tables.state, Key }));
        const fresh = want("fresh");
        await bed.put([fresh]);
        await tells(bed, fresh, "IssuerNotFound", /not found; create it/);
        await stack.resync();
        const seen = await issuedOnce(bed, fresh);
        expect((await accountOf(stack, issuer)).accountUrl).toBe(accountUrl);
        expect(accountsMade(front)).toBe(1);
        return `the same account, ${inWords(seen)}`;
      }),
    },
    {
      fault: "the answer to newAccount is lost after the CA made it",
      expected: "The issuer says so; checked again it finds the account by its key: one account.",
      run: atOwnCa(bed, "register-lost", async ({ front, issuer, want }) => {
        front.spoil("newAccount", breaksAfter);
        const wanted = want();
        await bed.put([issuer, wanted]);
        await issuerTells(bed, issuer, "ErrRegisterACMEAccount", /could not be reached/);
        await tells(bed, wanted, "IssuerNotReady", /ErrRegisterACMEAccount/);
        await checkNow(bed, issuer);
        const seen = await issuedOnce(bed, wanted);
        // The one that was made answered nobody.
        expect([accountsMade(front), front.count("newAccount", 200)]).toEqual([0, 1]);
        return `one account, ${inWords(seen)}`;
      }),
    },
    {
      fault: "five issuers come at the same moment with one account secret",
      expected: "One key, one account, five issuers Ready.",
      run: atOwnCa(bed, "shared", async ({ front, issuer, want }) => {
        const name = (index: number) => `${issuer.metadata.name}-${index}`;
        const five = [1, 2, 3, 4, 5].map((index) => ({
          ...issuer,
          metadata: { ...issuer.metadata, name: name(index) },
        }));
        const wanted = five.map(({ metadata }, index) => want(`c${index}`, { issuer: metadata.name }));
        try {
          await bed.put([...five, ...wanted]);
          await Promise.all(wanted.map((manifest) => issuedOnce(bed, manifest)));
          const urls = await Promise.all(five.map(async (one) => (await accountOf(stack, one)).accountUrl));
          expect(new Set(urls).size).toBe(1);
          expect(accountsMade(front)).toBe(1);
          return `1 account for ${five.length} issuers, ${wanted.length} certificates`;
        } finally {
          const kind = "ClusterIssuer";
          await Promise.all(
            five.map(({ metadata }) => stack.delete({ kind, name: metadata.name, namespace: "_cluster" })),
          );
        }
      }),
    },
  ],
  { beside: true },
);

/** Renewed after six days. */
const lifeSeconds = 9 * 24 * hourSeconds;
const clusterIssuer = { namespace: "_cluster", kind: "ClusterIssuer", name: "ca" } as const;

chaosTable(
  "The account is gone when a renewal is due (in memory, virtual clock)",
  [
    {
      fault: "the CA has forgotten all its accounts",
      expected: "Registered again with the same key, and an event says so; the renewal goes on.",
      quick: true,
      run: onWire(async ({ p, ca: { ca }, want, ready, row, pass }) => {
        ca.knobs.profiles.default = lifeSeconds;
        await want("www");
        await ready("www");
        const before = (await p.state.issuer(clusterIssuer))?.acme;
        // The new one must have another URL.
        ca.accounts.clear();
        ca.accounts.set("other", { url: "other", thumbprint: "", contact: [], status: "valid" });
        await pass(7 * 24 * hourSeconds);
        expect(await row("www")).toMatchObject({ ready: { status: "True" }, revision: 2 });
        const after = (await p.state.issuer(clusterIssuer))?.acme;
        expect(after?.keyThumbprint).toBe(before?.keyThumbprint);
        expect(after?.accountUrl).not.toBe(before?.accountUrl);
        expect(await p.state.events(clusterIssuer, 5)).toMatchObject([{ reason: "AccountRegisteredAgain" }]);
        return "AccountRegisteredAgain, 1 new account with the same key; renewed";
      }),
    },
    {
      fault: "its secret was deleted days ago",
      expected: "The daily check tells it within a day: AccountKeyLost; the certificate stays Ready; no new account.",
      run: onWire(async ({ p, ca: { ca }, want, ready, row, next, pass }) => {
        ca.knobs.profiles.default = lifeSeconds;
        await want("www");
        await ready("www");
        const { secrets } = p.stores.secretsManager;
        const lost = secrets.get("certwright/_cluster/ca-account");
        secrets.delete("certwright/_cluster/ca-account");
        await pass(25 * hourSeconds);
        expect((await p.state.issuer(clusterIssuer))?.ready).toMatchObject({
          status: "False",
          reason: "AccountKeyLost",
        });
        await pass(6 * 24 * hourSeconds);
        const why = expect.stringMatching(/is not ready: AccountKeyLost: .*restore the secret/);
        expect(await row("www")).toMatchObject({
          ready: { status: "True", reason: "Ready" },
          issuing: { status: "False", reason: "IssuerNotReady", message: why },
        });
        const told = await next("www");
        expect(told).toMatch(
          /^It waits for _cluster\/ClusterIssuer\/ca and goes on within seconds of that being Ready/,
        );
        if (lost) secrets.set("certwright/_cluster/ca-account", lost);
        await pass(7 * hourSeconds);
        expect(await row("www")).toMatchObject({ ready: { status: "True" }, revision: 2 });
        expect(ca.accounts.size).toBe(1);
        return "AccountKeyLost a day later, Ready all the time; with the secret back renewed by itself, 1 account";
      }),
    },
  ],
  { beside: true },
);
