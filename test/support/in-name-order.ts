import type { TestSpecification } from "vitest/node";
import { BaseSequencer } from "vitest/node";

/**
 * Vitest's own order (what failed or took long goes first), but files that run one after another, because they share one
 * stack, go by their names: `00-...` starts what takes minutes, `zz-...` looks at what all others did.
 */
export class InNameOrder extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const usual = await super.sort(files);
    const named = usual.filter(isOneByOne).sort((one, other) => orderOf(one, other));
    return usual.map((file) => (isOneByOne(file) ? (named.shift() ?? file) : file));
  }
}

function isOneByOne({ project }: TestSpecification): boolean {
  return project.config.maxWorkers === 1;
}

function orderOf(one: TestSpecification, other: TestSpecification): number {
  const group = one.project.config.sequence.groupOrder - other.project.config.sequence.groupOrder;
  return group || (one.moduleId < other.moduleId ? -1 : 1);
}
