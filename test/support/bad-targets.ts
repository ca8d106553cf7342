import type { BadObject } from "./bad-objects.ts";
import { goodCertificate } from "./good-objects.ts";

const subdomain =
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character";

const ours = (targets: unknown, annotations: object = {}) => ({
  ...goodCertificate({ targets }, { annotations }),
  apiVersion: "certwright.dev/v1",
});
const sent = (names: string) => ({ annotations: { "certwright.dev/targets": names } });

/** Rules on where a Certificate is sent. */
export const badTargets: BadObject[] = [
  {
    rule: "Certificate: targets is no field of cert-manager's",
    object: goodCertificate({ targets: [{ cluster: "prod-eu" }] }),
    path: "spec.targets",
    message: 'unknown field "spec.targets"',
  },
  {
    rule: "Certificate: a target names a Cluster",
    object: ours([{}]),
    path: "spec.targets[0].cluster",
    message: "Required value: must be specified",
  },
  {
    rule: "Certificate: a target's Cluster has a name",
    object: ours([{ cluster: "Prod EU" }]),
    path: "spec.targets[0].cluster",
    message: `Invalid value: "Prod EU": ${subdomain}`,
  },
  {
    rule: "Certificate: a target is a map",
    object: ours(["prod-eu"]),
    path: "spec.targets[0]",
    message: 'Invalid value: "string": must be of type object',
  },
  {
    rule: "Certificate: targets are said once",
    object: ours([], { "certwright.dev/targets": "" }),
    path: "spec.targets",
    message: "Forbidden: may not be set beside the annotation certwright.dev/targets",
  },
  {
    rule: "annotation: targets are names of Clusters",
    object: goodCertificate({}, sent("prod-eu,,prod-us")),
    path: "metadata.annotations[certwright.dev/targets]",
    message: `Invalid value: "": ${subdomain}`,
  },
];
