import type { SolverKind } from "../../../core/dns-adapter.ts";
import { invalidValue, quote, requiredValue } from "../../../core/field-fault.ts";
import { type Fields, later } from "../../../core/field-reader.ts";
import type { Kind } from "../../../core/resource.ts";

/** cert-manager's `dns01.route53`. */
export interface Route53Solver {
  region?: string;
  /** Without `/hostedzone/`. */
  hostedZoneID?: string;
  /** ARN of the role to assume; a tenant's Issuer always has one. */
  role?: string;
}

const accessKey = later({ fix: "remove it: certwright uses IAM roles, never access keys; name one in route53.role" });
const noServiceAccounts = "remove it: there is no Kubernetes service account here; name a role in route53.role";

/** Only cluster-scoped issuers may go without a role. */
export const route53Solver: SolverKind<Route53Solver> = {
  table: {
    region: "read",
    hostedZoneID: "read",
    role: "read",
    accessKeyID: accessKey,
    accessKeyIDSecretRef: accessKey,
    secretAccessKeySecretRef: accessKey,
    auth: later({ fix: noServiceAccounts }),
  },
  read,
};

const zoneIdSyntax = /^(\/hostedzone\/)?([A-Z0-9]{1,32})$/;
const regionSyntax = /^[a-z]{2}(-[a-z]+)+-\d$/;
const roleSyntax = /^arn:aws[a-z-]*:iam::\d{12}:role\/[\w+=,.@/-]{1,512}$/;

function read(fields: Fields, kind: Kind): Route53Solver {
  const region = fields.text("region");
  const zone = fields.text("hostedZoneID");
  const role = fields.text("role");
  if (region !== undefined && !regionSyntax.test(region)) {
    fields.fault("region", invalidValue(quote(region), "must be an AWS region"), "write a region such as eu-central-1");
  }
  const hostedZoneID = zone === undefined ? undefined : zoneIdSyntax.exec(zone)?.[2];
  if (zone !== undefined && hostedZoneID === undefined) {
    const fix = "write the zone's id, such as Z0123456789ABCDEFGHIJ, not its name";
    fields.fault("hostedZoneID", invalidValue(quote(zone), "must be the id of a hosted zone"), fix);
  }
  checkRole(fields, role, kind);
  return {
    ...(region === undefined ? {} : { region }),
    ...(hostedZoneID === undefined ? {} : { hostedZoneID }),
    ...(role === undefined ? {} : { role }),
  };
}

function checkRole(fields: Fields, role: string | undefined, kind: Kind): void {
  const fix = "write the ARN of a role, such as arn:aws:iam::123456789012:role/certwright-dns";
  if (role !== undefined && !roleSyntax.test(role)) {
    fields.fault("role", invalidValue(quote(role), "must be the ARN of an IAM role"), fix);
  }
  if (kind === "Issuer" && !fields.isSet("role")) {
    const message = requiredValue("an Issuer may not use the installation's own credentials");
    fields.fault("role", message, `${fix}, or use a ClusterIssuer`);
  }
}
