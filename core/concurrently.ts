/** Maps with bounded concurrency, keeping the order of the input. */
export async function concurrently<In, Out>(
  limit: number,
  input: In[],
  map: (one: In) => Promise<Out>,
): Promise<Out[]> {
  const output: Out[] = new Array(input.length);
  let next = 0;
  const worker = async () => {
    while (next < input.length) {
      const index = next++;
      output[index] = await map(input[index] as In);
    }
  };
  await Promise.all(Array.from({ length: Math.min(limit, input.length) }, worker));
  return output;
}
