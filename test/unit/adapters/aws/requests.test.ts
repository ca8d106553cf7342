import { testRequests } from "../../../contract/requests.ts";
import { memoryRequests } from "../../../support/memory-requests.ts";

testRequests("in memory", () => {
  const requests = memoryRequests();
  return { requests, plant: async (...row) => requests.plant(...row) };
});
