import { beforeEach, describe, expect, it } from "vitest";
import { RefusedError } from "../../core/errors.ts";
import type { DnsProvider, RecordResult, TxtRecord } from "../../core/ports.ts";

/** What the suite needs around a provider: two zones, a look at what is served, and a writer who is not us. */
export interface DnsWorld {
  /** Names of two zones made for this test, empty. */
  zones: [string, string];
  /** A provider of its own over the same zones: another Lambda. */
  provider(): DnsProvider | Promise<DnsProvider>;
  /** The values served at a name, without quotes. */
  values(name: string): Promise<string[]>;
  /** Somebody else adds a value, keeping the others. */
  addForeign(name: string, value: string): Promise<void>;
  /** Runs once, after a provider has looked and before its next replacing write arrives. */
  beforeNextSwap(act: () => Promise<void>): void;
}

/** What a provider cannot do by its nature; each is said in docs/dns-providers.md. */
export interface DnsLimits {
  /** A name serves the last two values only, and none can be removed: acme-dns. */
  lastTwoOnly?: boolean;
}

/** The contract of core/ports.ts DnsProvider; `makeWorld` is called for every test. */
export function testDnsProvider(
  name: string,
  makeWorld: () => DnsWorld | Promise<DnsWorld>,
  { lastTwoOnly = false }: DnsLimits = {},
): void {
  let world: DnsWorld;
  let dns: DnsProvider;
  let at: string;

  beforeEach(async () => {
    world = await makeWorld();
    dns = await world.provider();
    at = `_acme-challenge.www.${world.zones[0]}`;
  });

  describe(`${name}: publish`, () => {
    it("serves the value and answers the change", async () => {
      const [result] = await dns.publish([{ name: at, value: "one" }]);
      expect(changeOf(result)).toMatch(/./);
      expect(await world.values(at)).toEqual(["one"]);
    });

    it("changes nothing the second time", async () => {
      await dns.publish([{ name: at, value: "one" }]);
      const again = await (await world.provider()).publish([{ name: at, value: "one" }]);
      expect(again).toEqual([{ record: { name: at, value: "one" }, unchanged: true }]);
      expect(await world.values(at)).toEqual(["one"]);
    });

    it("serves two values of one call at one name: apex and wildcard", async () => {
      const results = await dns.publish(both(at, "apex", "wildcard"));
      expect(new Set(results.map(changeOf)).size).toBe(1);
      expect((await world.values(at)).sort()).toEqual(["apex", "wildcard"]);
    });

    it("adds a value that comes later to the one that is there", async () => {
      await dns.publish([{ name: at, value: "first" }]);
      const [result] = await (await world.provider()).publish([{ name: at, value: "second" }]);
      expect(changeOf(result)).toMatch(/./);
      expect((await world.values(at)).sort()).toEqual(["first", "second"]);
    });

    it("keeps foreign values", async () => {
      await world.addForeign(at, "foreign");
      await dns.publish([{ name: at, value: "ours" }]);
      expect((await world.values(at)).sort()).toEqual(["foreign", "ours"]);
    });

    if (!lastTwoOnly) {
      it("loses nothing when somebody writes between its read and its write", async () => {
        await world.addForeign(at, "before");
        world.beforeNextSwap(() => world.addForeign(at, "between"));
        const [result] = await dns.publish([{ name: at, value: "ours" }]);
        expect(changeOf(result)).toMatch(/./);
        expect((await world.values(at)).sort()).toEqual(["before", "between", "ours"]);
      });

      it("loses none of twenty that publish at one name at once", async () => {
        const values = Array.from({ length: 20 }, (_, index) => `v${index}`);
        const results = await Promise.all(
          values.map(async (value) => (await world.provider()).publish([{ name: at, value }])),
        );
        expect(results.flat().map(errorOf)).toEqual(values.map(() => undefined));
        expect((await world.values(at)).sort()).toEqual([...values].sort());
      });
    }

    it("answers every record in its order, also one given twice", async () => {
      const records = [
        ...both(at, "b", "a"),
        { name: at, value: "b" },
        { name: `_acme-challenge.x.${world.zones[1]}`, value: "c" },
      ];
      const results = await dns.publish(records);
      expect(results.map(({ record }) => record)).toEqual(records);
      expect(results.map(errorOf)).toEqual([undefined, undefined, undefined, undefined]);
      expect((await world.values(at)).sort()).toEqual(["a", "b"]);
    });

    it("answers an empty batch with nothing", async () => {
      expect(await dns.publish([])).toEqual([]);
      expect(await dns.cleanUp([])).toEqual([]);
    });
  });

  describe(`${name}: failures`, () => {
    it("refuses a name that no zone holds and serves its neighbours", async () => {
      const lost = { name: "_acme-challenge.www.no-zone-holds-this.invalid", value: "lost" };
      const other = { name: `_acme-challenge.www.${world.zones[1]}`, value: "two" };
      const [one, none, two] = await dns.publish([{ name: at, value: "one" }, lost, other]);
      expect([changeOf(one), changeOf(two)]).toEqual([expect.stringMatching(/./), expect.stringMatching(/./)]);
      expect(errorOf(none)).toBeInstanceOf(RefusedError);
      expect(errorOf(none)).toMatchObject({ reason: "HostedZoneNotFound", fix: expect.stringMatching(/./) });
      expect(await world.values(at)).toEqual(["one"]);
      expect(await world.values(other.name)).toEqual(["two"]);
    });

    it("has nothing to clean where no zone is", async () => {
      const lost = { name: "_acme-challenge.www.no-zone-holds-this.invalid", value: "lost" };
      expect(await dns.cleanUp([lost])).toEqual([{ record: lost, unchanged: true }]);
    });
  });

  if (lastTwoOnly) {
    describe(`${name}: the last two only`, () => {
      it("serves the two that came last", async () => {
        for (const value of ["one", "two", "three"]) await dns.publish([{ name: at, value }]);
        expect((await world.values(at)).sort()).toEqual(["three", "two"]);
      });

      it("refuses the third of one call, and tells so", async () => {
        const results = await dns.publish([...both(at, "one", "two"), { name: at, value: "three" }]);
        expect(results.map(errorOf)).toEqual([undefined, undefined, expect.any(RefusedError)]);
        expect((await world.values(at)).sort()).toEqual(["one", "two"]);
      });

      it("takes what it cannot remove for unchanged", async () => {
        await dns.publish([{ name: at, value: "one" }]);
        const record = { name: at, value: "one" };
        expect(await dns.cleanUp([record, record])).toEqual([
          { record, unchanged: true },
          { record, unchanged: true },
        ]);
        expect(await world.values(at)).toEqual(["one"]);
      });
    });
  } else {
    describe(`${name}: cleanUp`, () => {
      it("removes what was published", async () => {
        await dns.publish(both(at, "one", "two"));
        const results = await (await world.provider()).cleanUp(both(at, "one", "two"));
        expect(results.map(changeOf)).toEqual([expect.stringMatching(/./), expect.stringMatching(/./)]);
        expect(await world.values(at)).toEqual([]);
      });

      it("finds a record that is not there unchanged, the first time and the second", async () => {
        const record = { name: at, value: "one" };
        expect(await dns.cleanUp([record])).toEqual([{ record, unchanged: true }]);
        await dns.publish([record]);
        await dns.cleanUp([record]);
        expect(await dns.cleanUp([record])).toEqual([{ record, unchanged: true }]);
      });

      it("leaves the value that another attempt still needs", async () => {
        await dns.publish(both(at, "mine", "another's"));
        await dns.cleanUp([{ name: at, value: "mine" }]);
        expect(await world.values(at)).toEqual(["another's"]);
      });

      it("leaves a name alone that holds only foreign values", async () => {
        await world.addForeign(at, "foreign");
        const record = { name: at, value: "ours" };
        expect(await dns.cleanUp([record])).toEqual([{ record, unchanged: true }]);
        expect(await world.values(at)).toEqual(["foreign"]);
      });

      it("keeps foreign values, also one that comes between its read and its write", async () => {
        await world.addForeign(at, "before");
        await dns.publish([{ name: at, value: "ours" }]);
        world.beforeNextSwap(() => world.addForeign(at, "between"));
        await dns.cleanUp([{ name: at, value: "ours" }]);
        expect((await world.values(at)).sort()).toEqual(["before", "between"]);
      });

      it("leaves only the foreign value after twenty publish and clean up at one name at once", async () => {
        await world.addForeign(at, "foreign");
        const one = async (value: string) => {
          const provider = await world.provider();
          const published = await provider.publish([{ name: at, value }]);
          return [...published, ...(await provider.cleanUp([{ name: at, value }]))];
        };
        const results = await Promise.all(Array.from({ length: 20 }, (_, index) => one(`v${index}`)));
        expect(results.flat().filter(errorOf)).toEqual([]);
        expect(await world.values(at)).toEqual(["foreign"]);
      });
    });
  }

  describe(`${name}: settled`, () => {
    it("tells when a change has reached all name servers, asked by the same id", async () => {
      const change = changeOf((await dns.publish([{ name: at, value: "one" }]))[0]);
      expect(await dns.settled([change])).toEqual(new Map([[change, false]]));
      expect(await (await world.provider()).settled([change])).toEqual(new Map([[change, true]]));
    });

    it("answers for each change of a batch of two zones", async () => {
      const other = { name: `_acme-challenge.www.${world.zones[1]}`, value: "two" };
      const changes = (await dns.publish([{ name: at, value: "one" }, other])).map(changeOf);
      expect(new Set(changes).size).toBe(2);
      expect([...(await dns.settled([...changes, ...changes])).keys()].sort()).toEqual([...changes].sort());
    });

    it("holds a forgotten change for settled", async () => {
      expect(await dns.settled(["C0FORGOTTEN"])).toEqual(new Map([["C0FORGOTTEN", true]]));
    });

    it("answers no changes with nothing", async () => {
      expect(await dns.settled([])).toEqual(new Map());
    });
  });
}

function both(name: string, ...values: [string, string]): TxtRecord[] {
  return values.map((value) => ({ name, value }));
}

function changeOf(result: RecordResult | undefined): string {
  if (result && "change" in result) return result.change;
  throw new Error(`no change: ${JSON.stringify(result)} ${errorOf(result)?.message ?? ""}`);
}

function errorOf(result: RecordResult | undefined): Error | undefined {
  return result && "error" in result ? result.error : undefined;
}
