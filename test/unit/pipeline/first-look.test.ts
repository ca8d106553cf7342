import { describe, expect, it } from "vitest";
import type { AttemptRow } from "../../../core/rows.ts";
import { stepIn } from "../../../core/status.ts";
import type { StepInput, StepResult } from "../../../core/steps/run.ts";
import { openPipeline, type Pipeline } from "../../support/pipeline.ts";
import { certificateSpec as spec } from "../../support/specs.ts";

const seconds = (p: Pipeline, count: number) => p.time.runUntil(new Date(p.time.now().getTime() + count * 1_000));
const overHttp = { http01: { ingress: { ingressClassName: "nginx" } }, selector: { dnsNames: ["web.http.test"] } };
const overDns = { dns01: { route53: {} } };

interface Seen {
  task: string;
  atMs: number;
  input: StepInput;
  result?: StepResult;
  /** Attempt rows that it wrote. */
  rows: AttemptRow[];
}

/** A pipeline, every task that it ran, and when Route 53 was asked for a change (ms). */
async function watched(solvers: object[]) {
  const tasks: Seen[] = [];
  const open: { p?: Pipeline } = {};
  const atMs = () => open.p?.time.now().getTime() ?? 0;
  const p = await openPipeline({
    zones: ["example.test"],
    hook: async (task, input, run) => {
      const seen: Seen = { task, atMs: atMs(), input: input as StepInput, rows: [] };
      tasks.push(seen);
      seen.result = (await run()) as StepResult;
      return seen.result;
    },
  });
  open.p = p;
  const putAttempt = p.state.putAttempt;
  p.state.putAttempt = (row) => {
    tasks.at(-1)?.rows.push(structuredClone(row));
    return putAttempt(row);
  };
  const asked: number[] = [];
  const settled = p.dns.settled;
  p.dns.settled = async (changes) => {
    asked.push(atMs());
    return settled(changes);
  };
  await p.issuer("ca", { solvers });
  await seconds(p, 5);
  const of = (task: string) => tasks.filter((one) => one.task === task);
  return { p, asked, of };
}

describe("the first look at what was published", () => {
  it("comes two seconds after Route 53 took the change: nobody asks it in vain before", async () => {
    const { p, asked, of } = await watched([overDns]);
    await p.apply("web/www", spec("www"));
    await p.time.runUntilTrue(() => p.ready("web/www"));
    const published = of("PublishChallenge")[0]?.atMs ?? 0;
    expect(asked).toEqual([published + 2_000]);
    expect(of("CheckPropagation")).toHaveLength(1);
  });

  it("comes at once for an answer over HTTP", async () => {
    const { p, of } = await watched([overHttp]);
    await p.apply("web/www", spec("www", { dnsNames: ["web.http.test"] }));
    await p.time.runUntilTrue(() => p.ready("web/www"));
    expect(of("PublishChallenge")[0]?.result).toMatchObject({ waiting: [], waitUntil: null, round: 0, since: null });
    expect(of("CheckPropagation").map(({ atMs }) => atMs)).toEqual([of("PublishChallenge")[0]?.atMs]);
  });

  it("is at all of a batch, also at those that nobody waits for", async () => {
    const { p, of } = await watched([overDns, overHttp]);
    const certificates = { dns: "dns.example.test", http: "web.http.test" };
    for (const [name, dnsName] of Object.entries(certificates)) await p.requests.put(request(name, dnsName));
    p.dispatch("web/dns", "web/http");
    await p.time.runUntilTrue(async () => (await p.ready("web/dns")) && (await p.ready("web/http")));
    expect(p.executions).toHaveLength(1);
    const [look] = of("CheckPropagation");
    expect(look?.input).toMatchObject({ waiting: [], round: 1 });
    expect(look?.input.live).toHaveLength(2);
    expect(look?.rows.map(({ stepEnded, changes }) => ({ stepEnded, changes }))).toEqual(
      Array(2).fill({ stepEnded: true, changes: undefined }),
    );
  });
});

describe("a look that sees nothing new", () => {
  it("writes nothing: the attempt's row says already that it is in Check propagation", async () => {
    const { p, of } = await watched([overDns]);
    const ready = p.time.now().getTime() + 30_000;
    p.dns.settled = async (changes) => new Map(changes.map((change) => [change, p.time.now().getTime() >= ready]));
    await p.apply("web/www", spec("www"));
    await seconds(p, 20);
    const looks = of("CheckPropagation");
    expect(looks.length).toBeGreaterThan(1);
    expect(looks.flatMap(({ rows }) => rows)).toEqual([]);
    const row = (await p.state.attempts(looks[0]?.input.live ?? [])).values().next().value;
    expect(row && stepIn(row)).toBe("check-propagation");
    await p.time.runUntilTrue(() => p.ready("web/www"));
    expect(of("CheckPropagation").flatMap(({ rows }) => rows)).toHaveLength(1);
  });

  it("is written when the row does not say so: a release of before wrote it", async () => {
    const { p, of } = await watched([overDns]);
    p.dns.settled = async (changes) => new Map(changes.map((change) => [change, false]));
    const attempts = p.state.attempts;
    p.state.attempts = async (refs) =>
      new Map([...(await attempts(refs))].map(([id, { stepEnded: _, ...row }]) => [id, row]));
    await p.apply("web/www", spec("www"));
    await seconds(p, 5);
    expect(of("CheckPropagation")[0]?.rows.map(({ step }) => step)).toEqual(["check-propagation"]);
  });
});

describe("the leases of those that wait", () => {
  it("are looked at in rows that may be old; one that says too little is read again", async () => {
    const { p } = await watched([overDns]);
    const certificates = p.state.certificates;
    const asked: boolean[] = [];
    p.state.certificates = async (keys, how) => {
      asked.push(how?.eventual === true);
      if (!how?.eventual) return certificates(keys);
      const rows = [...(await certificates(keys))];
      return new Map(rows.map(([id, { attempt: _, ...row }]) => [id, row]));
    };
    await p.apply("web/www", spec("www"));
    await p.time.runUntilTrue(() => p.ready("web/www"));
    expect(asked).toContain(true);
    expect(p.executions).toHaveLength(1);
  });
});

function request(name: string, dnsName: string) {
  const key = { namespace: "web", kind: "Certificate", name } as const;
  return { key, apiVersion: "cert-manager.io/v1", spec: spec(name, { dnsNames: [dnsName] }) };
}
