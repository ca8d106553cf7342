import { testState } from "../../../contract/state.ts";
import { memoryState } from "../../../support/memory-state.ts";

testState("in memory", memoryState);
