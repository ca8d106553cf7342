import type { Change } from "@aws-sdk/client-route-53";
import type { Wish } from "./record-sets.ts";

/** The changes of one name: they go into one call together or not at all. */
export interface NameChanges {
  wish: Wish;
  changes: Change[];
}

/** Route 53's limits of one ChangeResourceRecordSets call; CREATE and DELETE count once (UPSERT, twice). */
const maxRecords = 1_000;
const maxCharacters = 32_000;

/** Fills as few calls as the limits allow; a name that is too large alone goes alone and is refused alone. */
export function changeBatches(names: NameChanges[]): NameChanges[][] {
  const batches: NameChanges[][] = [];
  let records = maxRecords;
  let characters = maxCharacters;
  for (const name of names) {
    const size = sizeOf(name.changes);
    records += size.records;
    characters += size.characters;
    if (records <= maxRecords && characters <= maxCharacters && batches.length > 0) {
      batches.at(-1)?.push(name);
    } else {
      batches.push([name]);
      records = size.records;
      characters = size.characters;
    }
  }
  return batches;
}

function sizeOf(changes: Change[]): { records: number; characters: number } {
  const values = changes.flatMap((change) => change.ResourceRecordSet?.ResourceRecords ?? []);
  return { records: values.length, characters: values.reduce((sum, { Value }) => sum + (Value ?? "").length, 0) };
}
