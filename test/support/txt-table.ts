import type { TxtRecord } from "../../core/ports.ts";

/** TXT values by name, where a fake CA looks them up. */
export function txtTable() {
  const values = new Map<string, string[]>();
  return {
    publish({ name, value }: TxtRecord): void {
      values.set(name, [...(values.get(name) ?? []), value]);
    },
    lookup: (name: string): string[] => values.get(name) ?? [],
  };
}
