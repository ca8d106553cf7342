import type { State } from "../../../core/ports.ts";

/** Gives a new and empty State. */
export type MakeState = () => State | Promise<State>;

/** The numbers 0 to count - 1, as something. */
export function times<One>(count: number, make: (index: number) => One): One[] {
  return Array.from({ length: count }, (_, index) => make(index));
}

/** All that an iteration in pages gives. */
export async function allOf<One>(pages: AsyncIterable<One[]>): Promise<One[]> {
  const all: One[] = [];
  for await (const page of pages) all.push(...page);
  return all;
}
