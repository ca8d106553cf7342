import { readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import * as z from "zod";
import { root } from "../../local/paths.ts";
import { catchEvents, caughtEvents } from "./facts-queue.ts";
import type { TestStack } from "./integration-bed.ts";

/** What the installation told on its bus. */
export interface Fact {
  type: string;
  detail: Record<string, unknown>;
}

/** Catches the facts about Certificates of one namespace from now on, by a rule on the bus and a queue. */
export async function catchFacts(stack: TestStack, namespace: string) {
  const queue = `facts-${namespace}`;
  await catchEvents(stack, queue, { source: ["certwright"], detail: { namespace: [namespace] } });
  const caught: Fact[] = [];
  const receive = async () => {
    for (const event of await caughtEvents(stack, queue))
      caught.push({ type: event["detail-type"], detail: event.detail });
  };
  return {
    caught,
    /** The first fact of this type about this Certificate for which `also` holds. */
    next: async (type: string, certificate: string, also: (detail: Fact["detail"]) => boolean = () => true) => {
      for (const end = Date.now() + 30_000; ; ) {
        const found = caught.find(
          (fact) => fact.type === type && fact.detail.name === certificate && also(fact.detail),
        );
        if (found) return found.detail;
        if (Date.now() > end) throw new Error(`no ${type} of ${certificate}: ${JSON.stringify(caught)}`);
        await receive();
        await sleep(100);
      }
    },
  };
}

/** What docs/events says against a fact's detail; empty when nothing. */
export function faultsOf({ type, detail }: Fact): string[] {
  const file = `${type.toLowerCase().replaceAll(" ", "-")}.v1.schema.json`;
  const schema = JSON.parse(readFileSync(join(root, "docs", "events", file), "utf8"));
  const { error } = z.fromJSONSchema(schema).safeParse(detail);
  return error ? error.issues.map(({ path, message }) => `${type} ${path.join(".")}: ${message}`) : [];
}
