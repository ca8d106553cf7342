/** The DNS providers, each under the name that an issuer's solver calls it by: the module is the registry. */
export { route53 } from "./route53.ts";
