import { defineConfig } from "vitest/config";
import { InNameOrder } from "./test/support/in-name-order.ts";

const minute = 60_000;
// These share one stack and look at all of its calls, so their files run one after another, by name.
const onTheStack = {
  globalSetup: "test/support/global-setup.ts",
  fileParallelism: false,
  testTimeout: 3 * minute,
  hookTimeout: 3 * minute,
};

/** The kinds of tests, in the order in which they run (house.md). */
export default defineConfig({
  test: {
    sequence: { sequencer: InNameOrder },
    projects: [
      {
        test: {
          name: "unit",
          include: ["test/unit/**/*.test.ts", "test/contract/**/*.test.ts"],
          setupFiles: "test/support/one-seed.ts",
        },
      },
      // Needs openssl, Go and keytool, and no stack.
      {
        test: { name: "golden", include: ["test/golden/**/*.test.ts"], testTimeout: minute, hookTimeout: 5 * minute },
      },
      { test: { name: "workflow", include: ["test/workflow/**/*.test.ts"] } },
      { test: { name: "infra", include: ["test/infra/**/*.test.ts"], testTimeout: minute, hookTimeout: minute } },
      {
        test: {
          name: "integration",
          include: ["test/integration/**/*.test.ts"],
          ...onTheStack,
          sequence: { groupOrder: 1 },
        },
      },
      {
        test: {
          name: "chaos",
          include: ["test/chaos/**/*.test.ts"],
          ...onTheStack,
          // Rows mostly wait, but each starts Lambda workers: more at once take longer on two cores.
          maxConcurrency: 8,
          sequence: { groupOrder: 2 },
        },
      },
    ],
  },
});
