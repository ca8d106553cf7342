import { randomBytes } from "node:crypto";
import { resolve4, resolveNs } from "node:dns/promises";
import { setTimeout } from "node:timers/promises";
import { LambdaClient } from "@aws-sdk/client-lambda";
import { txtAt } from "../../adapters/dns/acme-dns/look.ts";
import { invokeOn } from "../../adapters/dns/lambda/invoke.ts";
import { type DnsFunctionWorld, dnsFunctionChecks } from "./dns-function.ts";

const usage = "npx node test/contract/check-dns-function.ts FUNCTION ZONE [KEY=VALUE ...]";
const lookEveryMs = 5_000;
const looksInAll = 120;

/** Runs the checks of docs/dns-lambda.md one after the other; answers how many were broken. */
export async function checkDnsFunction(world: DnsFunctionWorld, print: (line: string) => void): Promise<number> {
  let broken = 0;
  for (const [sentence, check] of dnsFunctionChecks(world)) {
    const failure = await check().then(
      () => undefined,
      (error: unknown) => (error instanceof Error ? error.message : String(error)),
    );
    print(failure === undefined ? `ok      it ${sentence}` : `BROKEN  it ${sentence}\n        ${failure}`);
    if (failure !== undefined) broken += 1;
  }
  return broken;
}

async function main([functionName, zone, ...settings]: string[]): Promise<number> {
  if (functionName === undefined || zone === undefined) {
    console.error(usage);
    return 2;
  }
  const names = await resolveNs(zone);
  const servers = (await Promise.all(names.map((name) => resolve4(name)))).flat();
  let looks = 0;
  const world: DnsFunctionWorld = {
    invoke: invokeOn(new LambdaClient(), functionName),
    zone,
    config: Object.fromEntries(settings.map((setting) => setting.split(/=(.*)/s).slice(0, 2))),
    run: randomBytes(4).toString("hex"),
    values: async (name) => (await txtAt(servers, name)) ?? [],
    again: async () => {
      looks += 1;
      await setTimeout(lookEveryMs);
      return looks < looksInAll;
    },
  };
  const broken = await checkDnsFunction(world, console.log);
  return broken === 0 ? 0 : 1;
}

if (import.meta.main) process.exitCode = await main(process.argv.slice(2));
