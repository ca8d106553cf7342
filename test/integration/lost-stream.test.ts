import {
  CreateEventSourceMappingCommand,
  DeleteEventSourceMappingCommand,
  type EventSourceMappingConfiguration,
  ListEventSourceMappingsCommand,
} from "@aws-sdk/client-lambda";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import type { Manifest } from "../../local/requests.ts";
import { certificate, openBed } from "../support/integration-bed.ts";
import { leafOf } from "../support/integration-leaf.ts";
import { countIssuances, once, untilExecutionsEnd } from "../support/issuance-counts.ts";

const bed = openBed();
const { stack, fresh } = bed;
const issuer = fresh("lost");
const namespace = fresh("lost");
const FunctionName = `${stack.facts.instance}-dispatch`;
let mapping: EventSourceMappingConfiguration;

// 20 objects.
const created = named("created", 7);
const edited = named("edited", 7);
const deleted = named("deleted", 6);
const afterwards = named("afterwards", 1);

function named(what: string, count: number): Manifest[] {
  return Array.from({ length: count }, (_, index) => withNames(fresh(`${what}${index}`)));
}

function withNames(name: string, ...more: string[]): Manifest {
  return certificate({ name, namespace, issuer, dnsNames: [`${name}.example.test`, ...more] });
}

function withAnotherName({ metadata: { name } }: Manifest): Manifest {
  return withNames(name, `also.${name}.example.test`);
}

async function mappings(): Promise<EventSourceMappingConfiguration[]> {
  const asked = new ListEventSourceMappingsCommand({ FunctionName });
  return (await stack.clients.lambda.send(asked)).EventSourceMappings ?? [];
}

/** Creates the mapping with its own settings; what happened before is not in it. */
async function createAtLatest(): Promise<void> {
  await stack.clients.lambda.send(
    new CreateEventSourceMappingCommand({ ...settingsOf(mapping), FunctionName, StartingPosition: "LATEST" }),
  );
}

function settingsOf(one: EventSourceMappingConfiguration) {
  const { EventSourceArn, BatchSize, MaximumBatchingWindowInSeconds, FunctionResponseTypes } = one;
  const { BisectBatchOnFunctionError, MaximumRetryAttempts, DestinationConfig, FilterCriteria } = one;
  const shared = { EventSourceArn, BatchSize, MaximumBatchingWindowInSeconds, FunctionResponseTypes, FilterCriteria };
  return { ...shared, BisectBatchOnFunctionError, MaximumRetryAttempts, DestinationConfig };
}

beforeAll(async () => {
  mapping = (await mappings())[0] ?? expect.unreachable();
  await bed.putIssuer({ name: issuer });
  await bed.put([...edited, ...deleted]);
  await bed.ready([...edited, ...deleted]);
  await untilExecutionsEnd(stack, [...edited, ...deleted]);
});

afterAll(async () => {
  if ((await mappings()).length === 0) await createAtLatest();
});

describe("what was written while the stream reached nobody", () => {
  it("is not known when the stream is back at LATEST", async () => {
    await stack.clients.lambda.send(new DeleteEventSourceMappingCommand({ UUID: mapping.UUID }));
    await vi.waitUntil(async () => (await mappings()).length === 0, { timeout: 10_000 });
    await Promise.all([
      bed.put([...created, ...edited.map(withAnotherName)]),
      ...deleted.map(({ metadata: { name } }) => stack.delete({ namespace, name })),
    ]);
    await createAtLatest();
    expect((await mappings()).map(settingsOf)).toEqual([settingsOf(mapping)]);
    await bed.put(afterwards);
    await bed.ready(afterwards);
    const rows = await bed.shown([...created, ...edited, ...deleted], () => true);
    expect(rows.map(({ ready, deletedAt }) => ready && { status: ready.status, deletedAt })).toEqual([
      ...created.map(() => undefined),
      ...[...edited, ...deleted].map(() => ({ status: "True", deletedAt: undefined })),
    ]);
  });

  it("converges after one resync", async () => {
    await stack.resync();
    await bed.ready(created);
    await bed.shown(edited, ({ ready, revision }) => ready?.status === "True" && revision === 2);
    await bed.shown(deleted, ({ deletedAt }) => deletedAt !== undefined);
    for (const manifest of [...created, ...edited.map(withAnotherName)]) {
      const secret = await bed.read(manifest);
      await stack.verify(secret);
      expect(leafOf(secret).names).toEqual([...(manifest.spec as { dnsNames: string[] }).dnsNames].sort());
    }
    expect(await countIssuances(stack, created)).toEqual(created.map(() => once));
  });

  it("leaves nothing to do for the next one", async () => {
    const { sent } = (await stack.resync()) as { sent: number };
    expect(sent).toBe(0);
  });
});
