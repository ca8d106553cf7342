export { eventsPermissions, sealerPermissions, starterPermissions } from "./permissions.ts";
