import { vi } from "vitest";
import type { Deps } from "../../../core/deps.ts";
import type { SyncOrder } from "../../../core/kubernetes/state.ts";
import type { Starter } from "../../../core/ports.ts";
import { memoryRequests } from "../../support/memory-requests.ts";
import { memoryState } from "../../support/memory-state.ts";

/** What the deployment gives a function. */
export const environment = {
  CERTWRIGHT_INSTANCE: "test",
  REQUESTS_TABLE: "test-requests",
  STATE_TABLE: "test-state",
  SECRETS_BUCKET: "test-secrets",
  STATE_MACHINE_ARN: "arn:aws:states:eu-central-1:123456789012:stateMachine:test-issue-certificates",
  BUS_NAME: "test",
  KEY_MATERIAL_KEY_ARN: "arn:aws:kms:eu-central-1:123456789012:key/1",
  DEFAULT_STORE: "secretsManager",
};

/** A world in memory; what is not named here must not be used. */
export function fakeDeps() {
  const requests = memoryRequests();
  const state = memoryState();
  const checked: string[] = [];
  const synced: SyncOrder[] = [];
  const starter = {
    checkIssuer: async ({ name }) => void checked.push(name),
    syncKubernetes: async (order) => void synced.push(order),
  } satisfies Partial<Starter>;
  const deps: Partial<Deps> = {
    instance: "test",
    policy: {},
    clock: { now: () => new Date("2026-11-22T12:00:00Z") },
    chance: { fraction: () => 0.5, uuid: () => "00000000-0000-4000-8000-000000000001" },
    requests,
    state,
    starter: starter as never,
    log: (line) => console.log(JSON.stringify(line)),
  };
  return { deps: deps as Deps, requests, state, checked, synced };
}

/** Every line that a function logs from now on. */
export function logged(): Record<string, unknown>[] {
  const lines: Record<string, unknown>[] = [];
  vi.spyOn(console, "log").mockImplementation((text: string) => void lines.push(JSON.parse(text)));
  return lines;
}

/** How often the metric that the alarm on bugs looks at was counted. */
export function bugsIn(lines: Record<string, unknown>[]): number {
  return lines.filter((line) => line.BugFailures === 1).length;
}
