/** Ids in the order of their instants: what the due index is to DynamoDB. Changes take O(log n) comparisons. */
export interface DueList {
  /** Without an instant the id leaves the list. */
  set(id: string, dueAt: number | undefined): void;
  /** The ids due at or before an instant, oldest first. */
  upTo(instant: number): Generator<{ id: string; dueAt: number }>;
}

/** An empty list. */
export function dueList(): DueList {
  const sorted: { id: string; dueAt: number }[] = [];
  const dueAts = new Map<string, number>();
  const place = (id: string, dueAt: number) => {
    let low = 0;
    let high = sorted.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const entry = sorted[middle];
      const before = entry && (entry.dueAt < dueAt || (entry.dueAt === dueAt && entry.id < id));
      if (before) low = middle + 1;
      else high = middle;
    }
    return low;
  };
  return {
    set: (id, dueAt) => {
      const before = dueAts.get(id);
      if (before === dueAt) return;
      if (before !== undefined) sorted.splice(place(id, before), 1);
      if (dueAt === undefined) dueAts.delete(id);
      else {
        sorted.splice(place(id, dueAt), 0, { id, dueAt });
        dueAts.set(id, dueAt);
      }
    },
    upTo: function* (instant) {
      for (const entry of sorted) {
        if (entry.dueAt > instant) return;
        yield entry;
      }
    },
  };
}
