import type { AcmeAccount } from "../../core/account-row.ts";
import type { Manifest } from "../../local/requests.ts";
import { keyOf } from "../../local/requests.ts";
import type { openBed, TestStack } from "./integration-bed.ts";

/** The account that State knows of an issuer. */
export async function accountOf({ state }: TestStack, issuer: Manifest): Promise<AcmeAccount> {
  const kind = issuer.kind === "Issuer" ? "Issuer" : "ClusterIssuer";
  const row = await state.issuer({ namespace: keyOf(issuer).namespace, kind, name: issuer.metadata.name });
  if (!row?.acme) throw new Error(`${issuer.metadata.name} has no account`);
  return row.acme;
}

/** Resolves with the message of Ready=False once the reason is this one. */
export async function refusedFor(bed: ReturnType<typeof openBed>, object: Manifest, reason: string): Promise<string> {
  const [shown] = await bed.shown([object], ({ ready }) => ready?.reason === reason && ready.status === "False");
  return shown?.ready?.message ?? "";
}

/** Accounts that Pebble made since; it answers 200 to a key that it knows. */
export function accountsMade(stack: TestStack, since: number): Promise<number> {
  return stack.count({ service: "acme", action: "newAccount", status: 201, since });
}

/** Counts the calls whose body holds a text until it is asked how many; the recorder itself keeps no forms. */
export async function countBodies(stack: TestStack, action: string, contains: string): Promise<() => Promise<number>> {
  const id = await stack.delay({ action, contains }, { delayMs: 0, times: -1 });
  return async () => {
    const { met = 0 } = (await stack.faults()).find((fault) => fault.id === id) ?? {};
    await stack.removeFault(id);
    return met;
  };
}
