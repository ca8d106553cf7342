import { setImmediate } from "node:timers/promises";

/** Runs one call of a service: `effect` is what the service does. */
export type Around = <Out>(call: string, effect: () => Out | Promise<Out>) => Promise<Out>;

/** Loses chosen calls or their replies, and records the names of all calls. */
export interface Faults {
  around: Around;
  calls: string[];
  /** The nth call from now on fails as the network does, before or after its effect. */
  breakCall(nth: number, when: "before" | "after", error?: Error): void;
  /** Something else happens just before the nth call from now. */
  meanwhile(nth: number, happens: () => void): void;
  /** Nothing fails any more. */
  mend(): void;
}

export function newFaults(): Faults {
  const calls: string[] = [];
  const plans = new Map<number, () => void>();
  let planned: { at: number; when: "before" | "after"; error: Error } | undefined;
  return {
    calls,
    around: async (call, effect) => {
      const index = calls.push(call);
      // Every call takes a turn of the event loop, so that calls of several writers mix.
      await setImmediate();
      plans.get(index)?.();
      if (planned?.at === index && planned.when === "before") throw planned.error;
      const out = await effect();
      if (planned?.at === index) throw planned.error;
      return out;
    },
    breakCall: (nth, when, error = reset()) => {
      planned = { at: calls.length + nth, when, error };
    },
    meanwhile: (nth, happens) => {
      plans.set(calls.length + nth, happens);
    },
    mend: () => {
      planned = undefined;
    },
  };
}

/** An SDK client whose commands go through `around`, named like their operations. */
export function clientAround<Client extends { send: unknown }>(client: Client, around: Around): Pick<Client, "send"> {
  const send = (command: object) => {
    const forward = client.send as (command: object) => Promise<unknown>;
    return around(command.constructor.name.replace(/Command$/, ""), () => forward.call(client, command));
  };
  return { send } as Pick<Client, "send">;
}

function reset(): Error {
  return Object.assign(new Error("read ECONNRESET"), { code: "ECONNRESET" });
}
