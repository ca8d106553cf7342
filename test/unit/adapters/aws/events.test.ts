import type { EventBridgeClient, PutEventsRequestEntry } from "@aws-sdk/client-eventbridge";
import { describe, expect, it } from "vitest";
import { eventBridgeEvents } from "../../../../adapters/aws/events.ts";
import type { Fact } from "../../../../core/ports.ts";

describe("eventBridgeEvents", () => {
  it("publishes a fact with our source and the version of its schema", async () => {
    const bus = fakeBus();
    await bus.events.publish([{ type: "Certificate Issued", detail: { name: "www", revision: 2 } }]);
    expect(bus.calls).toEqual([
      [
        {
          EventBusName: "certwright",
          Source: "certwright",
          DetailType: "Certificate Issued",
          Detail: '{"name":"www","revision":2,"version":1}',
        },
      ],
    ]);
  });

  it("calls nothing when there is nothing to tell", async () => {
    const bus = fakeBus();
    await bus.events.publish([]);
    expect(bus.calls).toEqual([]);
  });

  it("sends ten at a time, in order", async () => {
    const bus = fakeBus();
    await bus.events.publish(facts(23));
    expect(bus.calls.map((call) => call.length)).toEqual([10, 10, 3]);
    expect(bus.calls.flat().map(({ Detail }) => JSON.parse(Detail ?? "").revision)).toEqual(
      facts(23).map((_, at) => at),
    );
  });

  it("sends once more what was not taken, and only that", async () => {
    const bus = fakeBus([{ 1: "ThrottlingException", 3: "InternalFailure" }]);
    await bus.events.publish(facts(5));
    expect(bus.calls.map((call) => call.map(({ Detail }) => JSON.parse(Detail ?? "").revision))).toEqual([
      [0, 1, 2, 3, 4],
      [1, 3],
    ]);
  });

  it("is unavailable when an event is not taken twice", async () => {
    const bus = fakeBus([{ 0: "InternalFailure" }, { 0: "InternalFailure" }]);
    await expect(bus.events.publish(facts(2))).rejects.toMatchObject({
      name: "UnavailableError",
      reason: "EventsNotAccepted",
      message: expect.stringMatching(/certwright did not take 1 of 2.*InternalFailure/),
    });
  });

  it.each([
    ["AccessDeniedException", "RefusedError", "AccessDenied"],
    ["ThrottlingException", "UnavailableError", "Throttled"],
  ])("turns %s into its named error", async (thrown, name, reason) => {
    const send = async () => {
      throw Object.assign(new Error("said AWS"), { name: thrown });
    };
    const events = eventBridgeEvents({ client: { send } as unknown as EventBridgeClient, bus: "certwright" });
    await expect(events.publish(facts(1))).rejects.toMatchObject({
      name,
      reason,
      message: expect.stringContaining("events:PutEvents on certwright"),
    });
  });
});

function facts(count: number): Fact[] {
  return Array.from({ length: count }, (_, revision) => ({ type: "Certificate Issued", detail: { revision } }));
}

/** A bus that does not take the entries at these positions of its nth call. */
function fakeBus(failures: Record<number, string>[] = []) {
  const calls: PutEventsRequestEntry[][] = [];
  const send = async ({ input }: { input: { Entries: PutEventsRequestEntry[] } }) => {
    const failing = failures[calls.length] ?? {};
    calls.push(input.Entries);
    const Entries = input.Entries.map((_, at) =>
      failing[at] ? { ErrorCode: failing[at], ErrorMessage: "no" } : { EventId: "e" },
    );
    return { FailedEntryCount: Object.keys(failing).length, Entries };
  };
  return { calls, events: eventBridgeEvents({ client: { send } as unknown as EventBridgeClient, bus: "certwright" }) };
}
