/** Runs `work` on every item, at most `limit` at once; the answers keep the order of the items. */
export async function inParallel<Item, Answer>(
  items: Item[],
  limit: number,
  work: (item: Item) => Promise<Answer>,
): Promise<Answer[]> {
  const answers: Answer[] = [];
  const queue = items.entries();
  const runner = async () => {
    for (const [index, item] of queue) answers[index] = await work(item);
  };
  await Promise.all(Array.from({ length: Math.min(limit, items.length) }, runner));
  return answers;
}
