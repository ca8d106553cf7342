/**
 * The published door: `new Certwright(this, "Certwright", { zones: ["Z0123456789ABC"] })` puts an installation into a stack
 * of yours.
 */
export type { CertwrightCode } from "./constructs/certwright.ts";
export { Certwright } from "./constructs/certwright.ts";
export { grantNamespace, grantReadSecret } from "./grants.ts";
export type { CertwrightProps, Http01Props, NamespaceProps, NetworkProps, StoreName } from "./props.ts";
export { SettingsError } from "./settings.ts";
