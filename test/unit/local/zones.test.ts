import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { createZones } from "../../../local/zones.ts";

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["performance"] });
});
afterEach(() => {
  vi.useRealTimers();
});

const recordSet = (name: string, value: string, more = "") =>
  `<ResourceRecordSet><Name>${name}.</Name><Type>TXT</Type>${more}<TTL>5</TTL><ResourceRecords><ResourceRecord>
   <Value>"${value}"</Value></ResourceRecord></ResourceRecords></ResourceRecordSet>`;
const change = (action: string, set: string) => `<Change><Action>${action}</Action>${set}</Change>`;
const zone = (id: string, name: string, isPrivate = false) =>
  `<HostedZone><Id>/hostedzone/${id}</Id><Name>${name}.</Name><Config><PrivateZone>${isPrivate}</PrivateZone></Config></HostedZone>`;

async function newZones(zones: string, records = "") {
  const listed = { zones };
  const made = createZones(async (path) => (path.includes("/rrset") ? records : listed.zones), 2_000);
  await made.refresh();
  return { made, listed };
}

const values = (made: Awaited<ReturnType<typeof newZones>>["made"], name: string) =>
  made.at(name)?.records.flatMap((set) => set.values);

describe("the DNS picture of Route 53", () => {
  it("shows a change exactly when its time is over", async () => {
    const { made } = await newZones(zone("Z1", "example.test"));
    made.accepted("Z1", change("CREATE", recordSet("x.example.test", "one")), "C1");
    vi.advanceTimersByTime(1_999);
    expect([made.statusOf("C1"), values(made, "x.example.test")]).toEqual(["PENDING", []]);
    vi.advanceTimersByTime(1);
    expect([made.statusOf("C1"), values(made, "x.example.test")]).toEqual(["INSYNC", ['"one"']]);
  });

  it("shows changes in their order", async () => {
    const { made } = await newZones(zone("Z1", "example.test"));
    made.accepted("Z1", change("CREATE", recordSet("x.example.test", "one")), "C1");
    vi.advanceTimersByTime(1_000);
    const swap =
      change("DELETE", recordSet("x.example.test", "one")) + change("CREATE", recordSet("x.example.test", "two"));
    made.accepted("Z1", swap, "C2");
    vi.advanceTimersByTime(1_000);
    expect(values(made, "x.example.test")).toEqual(['"one"']);
    vi.advanceTimersByTime(1_000);
    expect(values(made, "x.example.test")).toEqual(['"two"']);
  });

  it("shows them in their order also when the lag became shorter, and says INSYNC of none before it shows", async () => {
    const { made } = await newZones(zone("Z1", "example.test"));
    made.accepted("Z1", change("CREATE", recordSet("x.example.test", "one")), "C1");
    made.lagMs = 500;
    made.accepted("Z1", change("CREATE", recordSet("y.example.test", "two")), "C2");
    vi.advanceTimersByTime(1_999);
    expect([made.statusOf("C2"), values(made, "y.example.test")]).toEqual(["PENDING", []]);
    vi.advanceTimersByTime(1);
    expect([made.statusOf("C2"), values(made, "y.example.test")]).toEqual(["INSYNC", ['"two"']]);
  });

  it("keeps records of one name apart by their set identifier", async () => {
    const { made } = await newZones(zone("Z1", "example.test"));
    const identified = (id: string) => recordSet("x.example.test", id, `<SetIdentifier>${id}</SetIdentifier>`);
    made.accepted("Z1", change("CREATE", identified("a")) + change("CREATE", identified("b")), "C1");
    made.accepted("Z1", change("DELETE", identified("a")), "C2");
    vi.advanceTimersByTime(2_000);
    expect(values(made, "x.example.test")).toEqual(['"b"']);
  });

  it("begins with the records a zone has when it is first seen", async () => {
    const { made } = await newZones(zone("Z1", "example.test"), recordSet("old.example.test", "here"));
    expect(values(made, "old.example.test")).toEqual(['"here"']);
  });

  it("asks the longest of the zones that fit, and no private one", async () => {
    const zones = zone("Z1", "example.test") + zone("Z2", "sub.example.test") + zone("Z3", "in.sub.example.test", true);
    const { made } = await newZones(zones);
    made.accepted("Z1", change("CREATE", recordSet("a.sub.example.test", "parent")), "C1");
    made.accepted("Z2", change("CREATE", recordSet("a.in.sub.example.test", "child")), "C2");
    made.accepted("Z3", change("CREATE", recordSet("a.in.sub.example.test", "private")), "C3");
    vi.advanceTimersByTime(2_000);
    expect(values(made, "a.sub.example.test")).toEqual([]);
    expect(values(made, "a.in.sub.example.test")).toEqual(['"child"']);
    expect(made.at("example.com")).toBeUndefined();
  });

  it("forgets a zone that is gone", async () => {
    const { made, listed } = await newZones(zone("Z1", "example.test"));
    listed.zones = "";
    await made.refresh();
    expect(made.at("example.test")).toBeUndefined();
  });

  it.each([
    ["answers for a name that is not there", "a.b.example.test", ['"wild"']],
    ["does not answer for a name that is", "here.example.test", ['"here"']],
    ["does not answer below a name that is", "x.here.example.test", []],
  ])("a wildcard %s", async (_, name, expected) => {
    const records = recordSet("\\052.example.test", "wild") + recordSet("here.example.test", "here");
    const { made } = await newZones(zone("Z1", "example.test"), records);
    expect(values(made, name)).toEqual(expected);
  });

  it("takes the changes of a zone one after another, also after one that failed", async () => {
    const { made } = await newZones(zone("Z1", "example.test"));
    const order: string[] = [];
    const first = made.inTurn("Z1", async () => {
      await new Promise((resolve) => setImmediate(resolve));
      order.push("first");
      throw new Error("refused");
    });
    const second = made.inTurn("Z1", async () => order.push("second"));
    await expect(first).rejects.toThrow("refused");
    await second;
    expect(order).toEqual(["first", "second"]);
  });
});
