import assert from "node:assert/strict";
import {
  type DnsFunctionRequest,
  type DnsFunctionResult,
  dnsFunctionRequest,
  recordsReply,
  settledReply,
} from "../../adapters/dns/lambda/messages.ts";

/** What the checks need: a function, a zone where it may write, and a look at what is served. */
export interface DnsFunctionWorld {
  invoke(event: DnsFunctionRequest): Promise<unknown>;
  zone: string;
  config: Record<string, string>;
  /** The values served at a name, without quotes. */
  values(name: string): Promise<string[]>;
  /** Waits before another look; false when there has been enough of it. */
  again(): Promise<boolean>;
  /** Makes the names of this run its own. */
  run: string;
}

type Verb = "publish" | "cleanUp";

/** The contract of docs/dns-lambda.md, a sentence and its check each. Needs no test framework. */
export function dnsFunctionChecks(world: DnsFunctionWorld): [sentence: string, check: () => Promise<void>][] {
  const { ask, settled, serves, nameOf } = asking(world);
  const both = (name: string) => ["one", "two"].map((value) => ({ name, value }));
  return [
    [
      "serves two values of one call at one name: a domain and its wildcard",
      async () => {
        const name = nameOf("two");
        expectChanges(await ask("publish", both(name)));
        await serves(name, ["one", "two"]);
        await ask("cleanUp", both(name));
      },
    ],
    [
      "changes nothing when the same is published again",
      async () => {
        const name = nameOf("again");
        await ask("publish", both(name));
        await serves(name, ["one", "two"]);
        assert.deepEqual(await ask("publish", both(name)), [{ unchanged: true }, { unchanged: true }]);
        await ask("cleanUp", both(name));
      },
    ],
    [
      "keeps what is there when another value comes, and loses none of ten that come at once",
      async () => {
        const records = Array.from({ length: 10 }, (_, index) => ({ name: nameOf("many"), value: `v${index}` }));
        const [first, ...others] = records;
        if (first) await ask("publish", [first]);
        await Promise.all(others.map((record) => ask("publish", [record])));
        await serves(
          nameOf("many"),
          records.map(({ value }) => value),
        );
        await Promise.all(records.map((record) => ask("cleanUp", [record])));
        await serves(nameOf("many"), []);
      },
    ],
    [
      "removes one value and leaves the other",
      async () => {
        const name = nameOf("one");
        await ask("publish", both(name));
        await serves(name, ["one", "two"]);
        expectChanges(await ask("cleanUp", [{ name, value: "one" }]));
        await serves(name, ["two"]);
        assert.deepEqual(await ask("cleanUp", [{ name, value: "one" }]), [{ unchanged: true }]);
        await ask("cleanUp", [{ name, value: "two" }]);
      },
    ],
    [
      "refuses a name that no zone holds, and serves its neighbours",
      async () => {
        const [name, lost] = [nameOf("neighbour"), "_acme-challenge.no-zone-holds-this.invalid"];
        const [first, none, other] = await ask("publish", [
          { name, value: "one" },
          { name: lost, value: "one" },
          { name, value: "two" },
        ]);
        expectChanges([first, other]);
        assert.equal(
          none && "error" in none && none.error.kind,
          "noZone",
          `answered ${JSON.stringify(none)} for ${lost}`,
        );
        await serves(name, ["one", "two"]);
        await ask("cleanUp", both(name));
      },
    ],
    [
      "says when a change is everywhere, and holds a forgotten one for settled",
      async () => {
        const record = { name: nameOf("settled"), value: "one" };
        const [result] = await ask("publish", [record]);
        const change = result && "change" in result ? result.change : "";
        let [done, forgotten] = await settled([change, "forgotten"]);
        while (!done && (await world.again())) [done, forgotten] = await settled([change, "forgotten"]);
        assert.deepEqual([done, forgotten], [true, true]);
        await ask("cleanUp", [record]);
      },
    ],
  ];
}

function asking({ invoke, zone, config, values, again, run }: DnsFunctionWorld) {
  const send = (event: DnsFunctionRequest) => invoke(dnsFunctionRequest.parse(event));
  const ask = async (verb: Verb, records: { name: string; value: string }[]): Promise<DnsFunctionResult[]> => {
    const { results } = recordsReply.parse(await send({ version: 1, verb, config, records }));
    assert.equal(results.length, records.length, "an answer for each record");
    return results;
  };
  const settled = async (changes: string[]): Promise<boolean[]> => {
    const reply = settledReply.parse(await send({ version: 1, verb: "settled", config, changes }));
    assert.equal(reply.settled.length, changes.length, "an answer for each change");
    return reply.settled;
  };
  const serves = async (name: string, wanted: string[]) => {
    let served = (await values(name)).sort();
    while (String(served) !== String(wanted) && (await again())) served = (await values(name)).sort();
    assert.deepEqual(served, wanted, `what is served at ${name}`);
  };
  return { ask, settled, serves, nameOf: (what: string) => `_acme-challenge.certwright-check-${run}-${what}.${zone}` };
}

function expectChanges(results: (DnsFunctionResult | undefined)[]): void {
  for (const result of results) assert.ok(result && "change" in result, `a change, not ${JSON.stringify(result)}`);
}
