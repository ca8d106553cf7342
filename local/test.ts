import { runTests } from "./run-tests.ts";

/** `npm test [-- <vitest arguments>]`: runs the tests; exits 1 when one failed or vitest found fault with anything else. */
const { failed } = await runTests(process.argv.slice(2));
process.exitCode = failed === 0 ? 0 : 1;
