import { setTimeout as sleep } from "node:timers/promises";
import { dynamoState } from "../adapters/aws/state.ts";
import type { CertificateRow } from "../core/rows.ts";
import type { Clients } from "./clients.ts";
import type { StepTaken } from "./executions.ts";
import { followExecutions } from "./executions.ts";
import { reportOf } from "./report.ts";
import type { Manifest } from "./requests.ts";
import { keyOf } from "./requests.ts";
import type { Screen } from "./screen.ts";

/** Which certificates to follow, where, and for how long. */
export interface FollowOptions {
  clients: Clients;
  account: string;
  region: string;
  instance: string;
  certificates: Manifest[];
  withinSeconds: number;
  screen: Screen;
  /** Ends it early. */
  signal: AbortSignal;
}

/** Shows the steps of these certificates while they are issued, then all that are Ready; answers those that are not. */
export async function follow(options: FollowOptions): Promise<string[]> {
  const { clients, instance, screen, signal } = options;
  const state = dynamoState({ client: clients.dynamo, table: `${instance}-state`, clock: { now: () => new Date() } });
  const machine = `arn:aws:states:${options.region}:${options.account}:stateMachine:${instance}-issue-certificates`;
  const executions = followExecutions(clients.steps, machine);
  const began = Date.now();
  const taken: StepTaken[] = [];
  const watched = options.certificates.map((manifest): Watched => ({ id: idOf(manifest), manifest }));
  for (;;) {
    const fresh = await executions.newSteps();
    taken.push(...fresh);
    for (const step of fresh) screen.step(step, (step.endedAt - began) / 1_000);
    for (const each of watched.filter(({ readyAfter }) => readyAfter === undefined)) {
      each.row = await state.certificate(certificateKey(each.manifest));
      if (each.row?.ready.status !== "True") continue;
      each.readyAfter = (Date.now() - began) / 1_000;
      screen.ready(each.id, each.readyAfter);
    }
    const done = watched.every(({ id, readyAfter }) => readyAfter !== undefined && !executions.worksFor(id));
    if (done || signal.aborted || Date.now() - began > options.withinSeconds * 1_000) break;
    await sleep(300, undefined, { signal }).catch(() => undefined);
  }
  for (const { id, manifest, row, readyAfter } of watched) {
    if (!row || readyAfter === undefined) continue;
    const steps = taken.filter((step) => step.certificates.includes(id));
    screen.report(id, readyAfter, await reportOf(state, manifest, row, steps));
  }
  return watched.filter(({ readyAfter }) => readyAfter === undefined).map(({ id, row }) => `${id}: ${whyNot(row)}`);
}

interface Watched {
  id: string;
  manifest: Manifest;
  row?: CertificateRow | undefined;
  /** Seconds. */
  readyAfter?: number;
}

function idOf(manifest: Manifest): string {
  return `${keyOf(manifest).namespace}/${manifest.metadata.name}`;
}

function certificateKey(manifest: Manifest) {
  return { namespace: keyOf(manifest).namespace, kind: "Certificate" as const, name: manifest.metadata.name };
}

function whyNot(row: CertificateRow | undefined): string {
  if (!row) return "certwright has not seen it yet";
  const condition = row.issuing?.status === "False" ? row.issuing : row.ready;
  return `${condition.reason}: ${condition.message}`;
}
