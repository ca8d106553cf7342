import { describe, expect, it } from "vitest";
import { openPipeline, type Pipeline, type PipelineOptions } from "../../support/pipeline.ts";
import { certificateSpec as spec } from "../../support/specs.ts";

const seconds = async (p: Pipeline, count: number) => p.time.runUntil(new Date(p.time.now().getTime() + count * 1_000));

const overHttp = { http01: { ingress: { ingressClassName: "nginx" } } };
const overDns = { dns01: { route53: {} } };
const only = (solver: object, ...dnsNames: string[]) => ({ ...solver, selector: { dnsNames } });

async function withSolvers(solvers: object[], options: PipelineOptions = {}) {
  const p = await openPipeline({ zones: ["dns.test"], ...options });
  await p.issuer("ca", { solvers });
  await seconds(p, 5);
  return p;
}

/** How each authorization at the CA was proven. */
const proofs = ({ ca }: Pipeline) =>
  [...ca.authorizations.values()].map(({ identifier, wildcard, status, answered }) =>
    [wildcard ? `*.${identifier}` : identifier, answered, status].join(" "),
  );

/** The answers that can be read now. */
const answers = async ({ ca, state }: Pipeline) => {
  const all = await Promise.all([...ca.authorizations.values()].map(({ token }) => state.answerTo(token)));
  return all.filter((answer) => answer !== undefined);
};

/** What web servers say instead, until somebody mends them. */
function brokenWeb(...names: string[]) {
  const broken = new Set(names);
  const looks: string[] = [];
  const web: PipelineOptions["web"] = (name, served) => {
    looks.push(name);
    return broken.has(name) ? { status: 404, body: "nginx" } : served;
  };
  return { web, looks, mend: () => broken.clear() };
}

describe("a Certificate with an HTTP01 solver", () => {
  it("is proven over HTTP alone, seen from outside first, in as many states as over DNS, and leaves nothing", async () => {
    const { web, looks } = brokenWeb();
    const p = await withSolvers([overHttp], { web });
    await p.apply("web/www", spec("www", { dnsNames: ["www.http.test"] }));
    await p.time.runUntilTrue(() => p.ready("web/www"));
    await seconds(p, 5);
    expect(proofs(p)).toEqual(["www.http.test http-01 valid"]);
    expect(looks).toEqual(["www.http.test", "www.http.test"]);
    expect(p.executions[0]?.entered.length).toBeLessThanOrEqual(20);
    expect(await answers(p)).toEqual([]);
    expect(p.dns.names()).toEqual([]);
    expect(p.logs).toEqual([]);
  });

  it("has its wildcard proven over DNS, and each name by the solver that is for it, in one order", async () => {
    const p = await withSolvers([overHttp, overDns, only(overDns, "by-dns.dns.test")]);
    const dnsNames = ["www.http.test", "*.dns.test", "by-dns.dns.test"];
    await p.apply("web/www", spec("www", { dnsNames }));
    await p.time.runUntilTrue(() => p.ready("web/www"));
    await seconds(p, 5);
    expect(proofs(p).sort()).toEqual([
      "*.dns.test dns-01 valid",
      "by-dns.dns.test dns-01 valid",
      "www.http.test http-01 valid",
    ]);
    expect([await answers(p), p.dns.names()]).toEqual([[], []]);
  });

  it("may be for an IP address, which is proven over HTTP although a DNS01 solver comes first (RFC 8738)", async () => {
    const p = await withSolvers([overDns, overHttp]);
    const ipAddresses = ["192.0.2.7", "2001:db8::7"];
    await p.apply("web/www", spec("www", { dnsNames: ["www.dns.test"], ipAddresses }));
    await p.time.runUntilTrue(() => p.ready("web/www"));
    await seconds(p, 5);
    expect(proofs(p).sort()).toEqual([
      "192.0.2.7 http-01 valid",
      "2001:db8::7 http-01 valid",
      "www.dns.test dns-01 valid",
    ]);
    expect([await answers(p), p.dns.names()]).toEqual([[], []]);
  });

  it("goes with others over DNS in one execution", async () => {
    const p = await withSolvers([overDns, only(overHttp, "a.http.test", "b.http.test")]);
    await p.apply("web/a", spec("a", { dnsNames: ["a.http.test", "b.http.test"] }));
    await p.apply("web/b", spec("b", { dnsNames: ["b.dns.test"] }));
    p.dispatch("web/a", "web/b");
    await p.time.runUntilTrue(async () => (await p.ready("web/a")) && p.ready("web/b"));
    await seconds(p, 5);
    expect([await answers(p), p.dns.names()]).toEqual([[], []]);
  });

  it("whose web server leads elsewhere is not shown to the CA: it waits, then says what was seen, and keeps its order", async () => {
    const { web, mend } = brokenWeb("www.http.test");
    const p = await withSolvers([overHttp], { web });
    await p.apply("web/www", spec("www", { dnsNames: ["www.http.test"] }));
    await seconds(p, 100);
    expect(await answers(p)).toHaveLength(1);
    expect((await p.row("web/www"))?.ready.reason).not.toBe("AnswerNotSeen");
    await seconds(p, 40);
    const { ready } = (await p.row("web/www")) ?? {};
    expect(ready).toMatchObject({ status: "False", reason: "AnswerNotSeen" });
    expect(ready?.message).toContain("http://www.http.test/.well-known/acme-challenge/<token> answered 404");
    expect(p.ca.calls.challenge).toBeUndefined();
    mend();
    await p.time.runUntilTrue(() => p.ready("web/www"));
    expect(p.ca.calls.newOrder).toBe(1);
    expect(await answers(p)).toEqual([]);
  });

  it("has all the time again at the next try, and no more than its time in a batch", async () => {
    const { web } = brokenWeb("a.http.test", "b.http.test");
    const p = await withSolvers([overHttp], { web });
    await p.apply("web/a", spec("a", { dnsNames: ["a.http.test"] }));
    await p.apply("web/b", spec("b", { dnsNames: ["b.http.test"] }));
    p.dispatch("web/a", "web/b");
    const failures = async () =>
      [await p.row("web/a"), await p.row("web/b")].map((row) => row?.failedIssuanceAttempts ?? 0);
    await seconds(p, 5 * 60);
    expect(await failures()).toEqual([1, 1]);
    await seconds(p, 60 * 60);
    expect((await failures()).every((count) => count >= 2 && count <= 4)).toBe(true);
    expect(p.ca.calls.newOrder).toBe(2);
  });

  it("leaves no answer when it is deleted while it waits", async () => {
    const { web } = brokenWeb("www.http.test");
    const p = await withSolvers([overHttp], { web });
    await p.apply("web/www", spec("www", { dnsNames: ["www.http.test"] }));
    await seconds(p, 60);
    expect(await answers(p)).toHaveLength(1);
    await p.delete("web/www");
    await seconds(p, 7 * 3_600);
    expect(await answers(p)).toEqual([]);
  });

  it("that the CA refuses has its words and what to do about HTTP, and a new order the next time", async () => {
    const visits: string[] = [];
    const web: PipelineOptions["web"] = (name, served) => {
      visits.push(name);
      return visits.length === 2 ? { status: 200, body: "somebody else" } : served;
    };
    const p = await withSolvers([overHttp], { web });
    await p.apply("web/www", spec("www", { dnsNames: ["www.http.test"] }));
    await seconds(p, 30);
    const { ready } = (await p.row("web/www")) ?? {};
    expect(ready).toMatchObject({ status: "False", reason: "ChallengeRefused" });
    expect(ready?.message).toContain("did not match this challenge");
    expect(ready?.message).toContain("http://<name>/.well-known/acme-challenge/");
    expect(await answers(p)).toEqual([]);
    await p.time.runUntilTrue(() => p.ready("web/www"));
    expect(p.ca.calls.newOrder).toBe(2);
  });

  it("with waitInsteadOfSelfCheck waits so long and is not looked at by us", async () => {
    const { web, looks } = brokenWeb();
    const p = await withSolvers([{ ...overHttp, waitInsteadOfSelfCheck: "60s" }], { web });
    await p.apply("web/www", spec("www", { dnsNames: ["www.http.test"] }));
    await seconds(p, 50);
    expect([looks, p.ca.calls.challenge]).toEqual([[], undefined]);
    await p.time.runUntilTrue(() => p.ready("web/www"));
    expect(looks).toEqual(["www.http.test"]);
  });

  it("is held back by CAA records only when they allow no type of challenge that a solver of the name answers (RFC 8657)", async () => {
    const allow = (methods: string) => ({
      type: "CAA" as const,
      critical: false,
      tag: "issue",
      value: `memory.test; validationmethods=${methods}`,
    });
    const p = await withSolvers([overHttp]);
    p.lookup.put("dns.test", allow("dns-01"));
    await p.apply("web/www", spec("www", { dnsNames: ["www.dns.test"] }));
    await seconds(p, 30);
    expect((await p.row("web/www"))?.ready.reason).toBe("CAAForbids");
    expect(p.ca.calls.newOrder).toBeUndefined();
    p.lookup.remove("dns.test", "CAA");
    p.lookup.put("dns.test", allow("http-01"));
    await p.time.runUntilTrue(() => p.ready("web/www"));
    const both = await withSolvers([overDns, overHttp]);
    both.lookup.put("dns.test", allow("http-01"));
    await both.apply("web/www", spec("www", { dnsNames: ["www.dns.test"] }));
    await seconds(both, 5);
    expect(both.ca.calls.newOrder).toBe(1);
  });

  it("where no function answers is refused before the CA is told, with what to deploy", async () => {
    const p = await withSolvers([overHttp], { answers: () => undefined });
    await p.apply("web/www", spec("www", { dnsNames: ["www.http.test"] }));
    await seconds(p, 30);
    const { ready } = (await p.row("web/www")) ?? {};
    expect(ready).toMatchObject({ status: "False", reason: "Http01NotDeployed" });
    expect(ready?.message).toContain("deploy with the setting http01");
    expect(await answers(p)).toEqual([]);
    expect(p.ca.calls.challenge).toBeUndefined();
  });

  it("is refused as well where the function was taken away after the answer was published", async () => {
    let isGone = false;
    const p = await withSolvers([overHttp], {
      hook: async (task, _input, run) => {
        if (task === "CheckPropagation" && !isGone) {
          isGone = true;
          p.deps.answers = undefined;
        }
        return run();
      },
    });
    await p.apply("web/www", spec("www", { dnsNames: ["www.http.test"] }));
    await seconds(p, 30);
    expect((await p.row("web/www"))?.ready).toMatchObject({ status: "False", reason: "Http01NotDeployed" });
    expect(p.ca.calls.challenge).toBeUndefined();
  });

  it("is refused when the CA offers nothing of what its solvers answer, with what it offers", async () => {
    const p = await withSolvers([overHttp]);
    p.ca.knobs.offered = () => ["dns-01"];
    await p.apply("web/www", spec("www", { dnsNames: ["www.http.test"] }));
    await seconds(p, 30);
    const { ready } = (await p.row("web/www")) ?? {};
    expect(ready?.reason).toBe("NoSolver");
    expect(ready?.message).toContain("matches www.http.test, for which the CA offers dns-01");
  });

  it("goes on under another lease with the challenge that it chose, although the CA offers others", async () => {
    const p = await withSolvers([overHttp], {});
    p.ca.knobs.processingRounds = 2;
    let died = false;
    const answered: string[] = [];
    const { acme } = p.deps;
    p.deps.acme = async (row) => {
      const client = await acme(row);
      const answer: typeof client.answer = (one) => {
        answered.push(one.type);
        return client.answer(one);
      };
      return { ...client, answer };
    };
    const { readOrder } = p.ca;
    p.ca.readOrder = async (...given) => {
      if (!died && p.ca.calls.challenge === 1) {
        died = true;
        throw new Error("the Lambda died");
      }
      return readOrder(...given);
    };
    await p.apply("web/www", spec("www", { dnsNames: ["www.http.test"] }));
    await p.time.runUntilTrue(() => p.ready("web/www"));
    expect(died).toBe(true);
    expect(proofs(p)).toEqual(["www.http.test http-01 valid"]);
    expect(answered).toEqual(["http-01", "http-01"]);
    expect(p.ca.calls.newOrder).toBe(1);
  });
});
