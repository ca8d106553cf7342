/** Rows are JSON: numbers, text, lists and maps; undefined fields go, as they do in DynamoDB. */
export function copy<Row>(row: Row): Row {
  return row === undefined ? row : JSON.parse(JSON.stringify(row));
}

/** Copies of what there is, by id. */
export function picked<Found>(ids: string[], find: (id: string) => Found | undefined): Map<string, Found> {
  return new Map(
    ids.flatMap((id) => {
      const found = find(id);
      return found === undefined ? [] : [[id, copy(found)] as const];
    }),
  );
}
