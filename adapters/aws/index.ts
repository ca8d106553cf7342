export { eventsPermissions, sealerPermissions, starterPermissions } from "./permissions.ts";
export { requestsPermissions, statePermissions } from "./table-permissions.ts";
