import { expect, vi } from "vitest";
import type { CallFilter } from "../../local/calls.ts";
import type { Manifest } from "../../local/requests.ts";
import { expectKept, letGo, namesIn, onlyGuiltyFail, waitingBatch } from "../support/chaos/aws-batch.ts";
import { expectIssued, keptOf } from "../support/chaos/aws-kept.ts";
import { chaosTable } from "../support/chaos/rows.ts";
import { openBed } from "../support/integration-bed.ts";
import { certwright } from "../support/integration-cli.ts";
import { createZone } from "../support/integration-dns.ts";

const bed = openBed();
const { stack, fresh } = bed;
const usualLagMs = 2_000;

/** What publish-challenge changes where the request has this text: a zone's id or a name. */
function changes(contains: string): CallFilter {
  return { service: "route53", action: "ChangeResourceRecordSets", function: "publish-challenge", contains };
}

async function throttled(): Promise<string> {
  const issuers = ["one", "two", "three", "four"].map((which) => fresh(`r53-throttled-${which}`));
  const match = { service: "route53", contains: "_acme-challenge.r53-throttled-" };
  const answer = { status: 400, code: "Throttling", message: "Rate exceeded" };
  const fault = await stack.refuse(match, { percent: 30, seed: 5, answer });
  const batches = await Promise.all(
    issuers.map(async (issuer) => {
      const batch = await waitingBatch(bed, issuer, namesIn("example.test", issuer, 5));
      await letGo(bed, issuer, batch);
      return batch;
    }),
  );
  await bed.ready(batches.flat(), 180_000);
  const met = (await stack.faults()).find(({ id }) => id === fault)?.met ?? 0;
  await stack.removeFault(fault);
  expect(met).toBeGreaterThan(0);
  return `${met} calls throttled; 20 of 20 Ready, ${await expectIssued(stack, batches.flat())}`;
}

/** Two zones in one batch; the changes of the first are refused. */
async function oneZoneBusy(): Promise<string> {
  const issuer = fresh("r53-busy");
  const [busy, idle] = [`${fresh("busy")}.test`, `${fresh("idle")}.test`];
  const zoneId = await createZone(stack, busy);
  await createZone(stack, idle);
  const batch = await waitingBatch(bed, issuer, { ...namesIn(busy, "busy", 3), ...namesIn(idle, "idle", 3) });
  const message = "The request was rejected because Route 53 was still processing a prior request.";
  const answer = { status: 400, code: "PriorRequestNotComplete", message };
  const fault = await stack.refuse(changes(zoneId), { times: -1, answer });
  await letGo(bed, issuer, batch);
  return onlyGuiltyFail(bed, {
    guilty: batch.slice(0, 3),
    others: batch.slice(3),
    said: { reason: "Route53Unavailable", words: [/PriorRequestNotComplete/, new RegExp(busy)] },
    cure: () => stack.removeFault(fault),
  });
}

const inTheWay =
  "RRSet of type TXT with DNS name NAME. is not permitted because a conflicting RRSet of type  CNAME with";

/** 50 in one zone, of which Route 53 refuses one record, and with it every batch that has it. */
async function badRecord(what: string, answer: { code: string; message: string }, reason: string): Promise<string> {
  const issuer = fresh(`r53-${what}`);
  const names = namesIn("example.test", issuer, 50);
  const batch = await waitingBatch(bed, issuer, names);
  const guilty = batch[17] as Manifest;
  const record = `_acme-challenge.${guilty.metadata.name}.example.test`;
  const message = answer.message.replace("NAME", record);
  const fault = await stack.refuse(changes(record), { times: -1, answer: { ...answer, message, status: 400 } });
  const together = await letGo(bed, issuer, batch, { named: guilty });
  expect(together).toBeGreaterThan(1);
  const seen = await onlyGuiltyFail(bed, {
    guilty: [guilty],
    others: batch.filter((one) => one !== guilty),
    said: { reason, words: [new RegExp(guilty.metadata.name), /remove|check/i] },
    cure: () => stack.removeFault(fault),
  });
  const calls = await stack.count(changes(`_acme-challenge.${issuer}-`));
  return `a batch of ${together}; ${seen}; ${calls} calls to publish all of them`;
}

/** A batch with names in three zones; one of them is not ours to change. */
async function zoneDenied(): Promise<string> {
  const issuer = fresh("r53-denied");
  const zones = ["first", "second", "third"].map((which) => `${fresh(which)}.test`);
  const ids = await Promise.all(zones.map((zone) => createZone(stack, zone)));
  const [first = "", second = "", third = ""] = zones;
  const batch = await waitingBatch(bed, issuer, {
    first: [`www.${first}`],
    third: [`www.${third}`],
    second: [`www.${second}`],
    both: [`both.${first}`, `both.${second}`],
  });
  const message = `User: arn:aws:sts::000000000000:assumed-role/certwright-publish-challenge/certwright-publish-challenge is not authorized to perform: route53:ChangeResourceRecordSets on resource: arn:aws:route53:::hostedzone/${ids[1]}`;
  const answer = { status: 403, code: "AccessDenied", message };
  const fault = await stack.refuse(changes(ids[1] ?? ""), { times: -1, answer });
  await letGo(bed, issuer, batch);
  return onlyGuiltyFail(bed, {
    guilty: batch.slice(2),
    others: batch.slice(0, 2),
    said: {
      reason: "Route53AccessDenied",
      words: [new RegExp(`Allow route53:ChangeResourceRecordSets on .*${ids[1]}`), new RegExp(second)],
    },
    cure: () => stack.removeFault(fault),
  });
}

/** Only the change of one zone takes long: it is held until the lag is set, which holds for it alone. */
async function slowZone(): Promise<string> {
  const issuer = fresh("r53-slow");
  const [slow, quick] = [`${fresh("slow")}.test`, `${fresh("quick")}.test`];
  const zoneId = await createZone(stack, slow);
  await createZone(stack, quick);
  const batch = await waitingBatch(bed, issuer, { ...namesIn(slow, "slow", 2), ...namesIn(quick, "quick", 2) });
  const gate = await stack.pause(changes(zoneId));
  try {
    await letGo(bed, issuer, batch);
    await gate.held();
    await untilCounted({ ...changes(`quick-0.${quick}`), status: 200 });
    await stack.control("setDnsLag", { lagMs: 125_000 });
    await gate.open();
    await untilCounted({ ...changes(zoneId), status: 200 });
  } finally {
    await gate.open();
    await stack.control("setDnsLag", { lagMs: usualLagMs });
  }
  return slowOnesFollow(batch.slice(0, 2), batch.slice(2));
}

async function slowOnesFollow(slow: Manifest[], quick: Manifest[]): Promise<string> {
  const since = Date.now();
  const before = await Promise.all(slow.map((one) => keptOf(stack, one)));
  await bed.ready(quick, 110_000);
  const waited = Math.round((Date.now() - since) / 1_000);
  for (const { metadata } of slow) {
    const row = await stack.certificate(metadata);
    expect(row).toMatchObject({ ready: { status: "False" }, issuing: { status: "True", reason: "DoesNotExist" } });
    const { stdout } = await certwright(stack, [
      "describe",
      "certificate",
      metadata.name,
      "-n",
      `${metadata.namespace}`,
    ]);
    expect(stdout).toMatch(/check-propagation +(waiting|running)/);
    expect(stdout).toMatch(/(goes on at|resumes at) \d{4}-\d\d-\d\dT[\d:]+Z \(in [\dhms]+\)/);
  }
  await bed.ready(slow, 180_000);
  await expectKept(bed, slow, before);
  const counts = await expectIssued(stack, [...slow, ...quick]);
  return `the quick zone's 2 Ready after ${waited} s, the slow zone's 2 when their change showed; ${counts}`;
}

async function untilCounted(filter: CallFilter): Promise<void> {
  await vi.waitUntil(async () => (await stack.count(filter)) > 0, { timeout: 60_000, interval: 200 });
}

const others = "The others of its batch are Ready meanwhile; it keeps its order and key.";

chaosTable("Route 53 fails", [
  {
    fault: "30 % of all calls are throttled, 4 batches of 5",
    expected: "all Ready, each issued once",
    run: throttled,
  },
  {
    fault: "PriorRequestNotComplete for one of two zones",
    expected: `Its three certificates say Route53Unavailable and when they are tried again. ${others}`,
    run: oneZoneBusy,
  },
  {
    fault: "access denied on one of three zones",
    expected: `Who has a name in it says Route53AccessDenied, and what to allow on which zone. ${others}`,
    quick: true,
    run: zoneDenied,
  },
]);

chaosTable(
  "Route 53 fails, one at a time",
  [
    {
      fault: "a CNAME is in the way of one record of 50",
      expected: `That certificate says ChallengeNameTaken and what to do. ${others}`,
      run: () => badRecord("cname", { code: "InvalidChangeBatch", message: inTheWay }, "ChallengeNameTaken"),
    },
    {
      fault: "one record of 50 is refused, in words that name none",
      expected: `That certificate says Route53Refused. ${others}`,
      run: () => badRecord("nameless", { code: "InvalidInput", message: "Invalid request" }, "Route53Refused"),
    },
    {
      fault: "the change of one of two zones is not INSYNC for 2 minutes",
      expected: "The other zone's certificates go on without it; its own wait, with order and key, and are Ready then.",
      run: slowZone,
    },
  ],
  { oneByOne: true },
);
