import type { Deps } from "../../core/deps.ts";

/** When a Lambda dies: at its n-th call of the world, before or after that took effect. */
export interface Death {
  call: number;
  when: "before" | "after";
}

class Died extends Error {}

/** Deps whose owner dies: from then on nothing of it has an effect. `calls` counts all there were. */
export function mortal(deps: Deps, death?: Death): { deps: Deps; calls(): number; isDead(): boolean } {
  let calls = 0;
  let isDead = false;
  const died = () => {
    isDead = true;
    return new Died("the Lambda died");
  };
  const call = (effect: () => unknown): unknown => {
    if (isDead) throw new Died("the Lambda is dead");
    calls += 1;
    if (calls !== death?.call) return effect();
    if (death.when === "before") throw died();
    const result = effect();
    if (!(result instanceof Promise)) throw died();
    return result.then(() => Promise.reject(died()));
  };
  const wrapped = <Target extends object>(target: Target): Target =>
    new Proxy(target, {
      get: (object, name, receiver) => {
        const method: unknown = Reflect.get(object, name, receiver);
        if (typeof method !== "function") return method;
        return (...args: unknown[]) => call(() => Reflect.apply(method, object, args));
      },
    });
  return {
    calls: () => calls,
    isDead: () => isDead,
    deps: {
      ...deps,
      state: wrapped(deps.state),
      requests: wrapped(deps.requests),
      store: async (name) => wrapped(await deps.store(name)),
      kubernetes: async (cluster) => wrapped(await deps.kubernetes(cluster)),
    },
  };
}
