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

/** Shows the steps of these certificates while they are issued, and each one that is Ready; answers those that are not. */
export async function follow(options: FollowOptions): Promise<string[]> {
  const { clients, instance, screen, signal } = options;
  const state = dynamoState({ client: clients.dynamo, table: `${instance}-state`, clock: { now: () => new Date() } });
  const machine = `arn:aws:states:${options.region}:${options.account}:stateMachine:${instance}-issue-certificates`;
  const newSteps = followExecutions(clients.steps, machine);
  const began = Date.now();
  const taken: StepTaken[] = [];
  const open = new Map(options.certificates.map((manifest) => [idOf(manifest), manifest]));
  const rows = new Map<string, CertificateRow>();
  for (;;) {
    const fresh = await newSteps();
    taken.push(...fresh);
    for (const step of fresh) screen.step(step, (step.endedAt - began) / 1_000);
    for (const [id, manifest] of open) {
      const row = await state.certificate(certificateKey(manifest));
      if (row) rows.set(id, row);
      if (row?.ready.status !== "True" || isRunning(row)) continue;
      open.delete(id);
      const steps = taken.filter((step) => step.certificates.includes(id));
      screen.ready(id, (Date.now() - began) / 1_000, await reportOf(state, manifest, row, steps));
    }
    if (open.size === 0 || signal.aborted || Date.now() - began > options.withinSeconds * 1_000) break;
    await sleep(300, undefined, { signal }).catch(() => undefined);
  }
  return [...open.keys()].map((id) => `${id}: ${whyNot(rows.get(id))}`);
}

function idOf(manifest: Manifest): string {
  return `${keyOf(manifest).namespace}/${manifest.metadata.name}`;
}

function certificateKey(manifest: Manifest) {
  return { namespace: keyOf(manifest).namespace, kind: "Certificate" as const, name: manifest.metadata.name };
}

// Its clean-up step is still to come.
function isRunning(row: CertificateRow): boolean {
  return row.attempt?.leaseId !== undefined;
}

function whyNot(row: CertificateRow | undefined): string {
  if (!row) return "certwright has not seen it yet";
  const condition = row.issuing?.status === "False" ? row.issuing : row.ready;
  return `${condition.reason}: ${condition.message}`;
}
