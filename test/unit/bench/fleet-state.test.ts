import { stateTable } from "../../../core/tables.ts";
import { fleetClock } from "../../bench/fleet/clock.ts";
import { meter } from "../../bench/fleet/meter.ts";
import { fleetState } from "../../bench/fleet/state.ts";
import { fleetTable } from "../../bench/fleet/table.ts";
import { testState } from "../../contract/state.ts";

testState("on the fleet's table", () => {
  const table = fleetTable(stateTable).open({ used: meter(), pause: async () => undefined });
  return fleetState(table, fleetClock(Date.parse("2026-11-22T12:00:00Z")));
});
