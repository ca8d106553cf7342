import { route53Records } from "../../adapters/dns/route53/records.ts";
import type { DnsLookup } from "../../core/dns-lookup.ts";
import type { DnsProvider, RecordResult, TxtRecord } from "../../core/ports.ts";
import type { FakeRoute53 } from "./fake-route53.ts";
import { withoutDns } from "./memory-lookup.ts";

export const clock = { now: () => new Date("2026-01-01T00:00:00Z") };

/** A new route53 provider over a fake: another Lambda. */
export function providerOn(
  aws: FakeRoute53,
  hostedZoneID?: string,
  dns: { lookup: DnsLookup; validationZones: string[] } = withoutDns,
): DnsProvider {
  return route53Records(hostedZoneID ? { hostedZoneID } : {}, { client: aws.client, clock, ...dns });
}

/** A challenge record of a host; a value as long as a real one. */
export function challenge(host: string, value = "v".repeat(43)): TxtRecord {
  return { name: `_acme-challenge.${host}`, value };
}

/** So many hosts of one zone, each with its own value of 43 characters. */
export function many(count: number, zone: string): TxtRecord[] {
  return Array.from({ length: count }, (_, index) => challenge(`host${index}.${zone}`, `${index}`.padStart(43, "v")));
}

export function errorsOf(results: RecordResult[]): (Error | undefined)[] {
  return results.map((result) => ("error" in result ? result.error : undefined));
}

export function failed(results: RecordResult[]): RecordResult[] {
  return results.filter((result) => "error" in result);
}
