import { expect } from "vitest";
import type { CertificateRow } from "../../core/rows.ts";
import type { Manifest } from "../../local/requests.ts";
import { toRenew } from "../support/c-objects.ts";
import { refuses } from "../support/chaos/acme-front.ts";
import { atOwnCa, type Bed, rowOf, tells } from "../support/chaos/acme-rows.ts";
import { dnsNamesOf, inWords, issuedOnce } from "../support/chaos/issued-once.ts";
import { chaosTable } from "../support/chaos/rows.ts";
import { chances } from "../support/explore/world.ts";
import { openBed } from "../support/integration-bed.ts";
import { attemptsOf } from "../support/issuance-counts.ts";

const bed = openBed();

chaosTable(
  "The CA refuses nonces",
  [
    ...[20, 50].map((percent) => ({
      fault: `${percent} % of all nonces are refused`,
      expected: "Three Certificates are Ready; a refused nonce costs no order.",
      quick: percent === 20,
      run: atOwnCa(bed, `nonces-${percent}`, async ({ front, issuer, want }) => {
        front.refuseNonces(percent / 100, chances(percent));
        const three = ["a", "b", "c"].map((name) => want(name));
        await bed.put([issuer, ...three]);
        const seen = await Promise.all(three.map((wanted) => issuedOnce(bed, wanted)));
        const refused = front.asked.filter(({ badNonce }) => badNonce).length;
        expect(refused).toBeGreaterThan(4);
        return `3 Ready, each from ${inWords(seen[0] as (typeof seen)[0])}; ${refused} nonces refused`;
      }),
    })),
    {
      fault: "90 % of all nonces are refused, and somebody renews again and again",
      expected: "Ready; a refused nonce costs no order.",
      run: atOwnCa(bed, "nonces-90", async ({ front, issuer, want }) => {
        await bed.put([issuer]);
        await bed.ready([issuer]);
        front.refuseNonces(0.9, chances(90));
        const wanted = want();
        await bed.put([wanted]);
        const nudges = await nudge(bed, wanted);
        const refused = front.asked.filter(({ badNonce }) => badNonce).length;
        return `Ready after ${nudges} renewals by hand: ${inWords(await issuedOnce(bed, wanted))}; ${refused} nonces refused`;
      }),
    },
  ],
  { beside: true },
);

chaosTable(
  "One order of a batch meets an error",
  [
    {
      fault: "429 with Retry-After for one name of a batch of three",
      expected: "The two others are Ready in the same execution; that one waits for its time, with its attempt.",
      run: atOwnCa(bed, "batch-429", async ({ front, issuer, want }) => {
        const [one, ...others] = ["one", "b", "c"].map((name) => want(name)) as [Manifest, ...Manifest[]];
        await bed.put([one, ...others]);
        await bed.shown([one, ...others], ({ ready }) => ready?.reason === "IssuerNotFound");
        const fault = refuses(429, "rateLimited", { headers: () => ({ "retry-after": "20" }) });
        front.spoil("newOrder", fault, {
          when: ({ payload }) => JSON.stringify(payload).includes(dnsNamesOf(one)[0] ?? ""),
        });
        await bed.put([issuer]);
        const { row, next } = await tells(bed, one, "RateLimited", /rateLimited/);
        await bed.ready(others);
        expect((await rowOf(bed, one)).ready.status).toBe("False");
        const seen = await Promise.all([one, ...others].map((wanted) => issuedOnce(bed, wanted)));
        expect((await attemptsOf(bed.stack, one))[0]?.ref.attemptId).toBe(row.attempt?.id);
        const [before, after] = await Promise.all(others.map((wanted) => attemptsOf(bed.stack, wanted)));
        expect(before?.[0]?.leaseId).toBe(after?.[0]?.leaseId);
        return `"${next.replace(/ at .*?\)/, " at ...").slice(0, 80)}"; then all Ready, ${inWords(seen[0] as (typeof seen)[0])}`;
      }),
    },
  ],
  { beside: true },
);

/** Renews by hand whenever it backs off, until it is Ready; how often. */
async function nudge({ stack, put }: Bed, wanted: Manifest): Promise<number> {
  const idle = ({ ready, attempt, failedIssuanceAttempts = 0 }: CertificateRow, nudges: number) =>
    ready.status === "True" || (attempt?.leaseId === undefined && failedIssuanceAttempts > nudges);
  for (let nudges = 0; nudges < 60; nudges += 1) {
    const { ready } = await stack.waitFor(wanted.metadata, (row) => idle(row, nudges), 60_000);
    if (ready.status === "True") return nudges;
    await put([toRenew(wanted)]);
  }
  throw new Error("not Ready after 60 renewals by hand");
}
