import { testSecretStore } from "../../../contract/secret-store.ts";
import { testSecretStoreInterleavings } from "../../../contract/secret-store-interleavings.ts";
import type { Around } from "../../../support/faults.ts";
import { memorySecretStore } from "../../../support/memory-secret-store.ts";

testSecretStore("in memory", inMemory);
testSecretStoreInterleavings("in memory", inMemory);

function inMemory(around: Around) {
  const store = memorySecretStore(around);
  return {
    store,
    valueCalls: ["read"],
    putForeign: async (name: string) => {
      store.secrets.set(name, { tags: {}, versions: [{ id: "by-hand", value: "a user's own" }] });
      return "by-hand";
    },
    values: async (name: string) => {
      const [current, before] = [...(store.secrets.get(name)?.versions ?? [])].reverse();
      return [current?.value, before?.value];
    },
  };
}
