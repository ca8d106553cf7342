/**
 * Maps with bounded concurrency, keeping the order of the input. Throws the first error, but not before all that was begun
 * has ended: a Lambda that has answered is frozen in the middle of what it does.
 */
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
  await together(Array.from({ length: Math.min(limit, input.length) }, worker));
  return output;
}

/** Promise.all that throws only when all have ended. */
export async function together<Out extends readonly unknown[]>(
  running: {
    [Index in keyof Out]: Promise<Out[Index]>;
  },
): Promise<Out> {
  await Promise.allSettled(running);
  return (await Promise.all(running)) as unknown as Out;
}
