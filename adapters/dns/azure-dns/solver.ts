import type { SolverKind } from "../../../core/dns-adapter.ts";
import { invalidValue, quote, requiredValue } from "../../../core/field-fault.ts";
import { type Fields, later } from "../../../core/field-reader.ts";
import { readSecretRef, type SecretRef } from "../../../core/secret-ref.ts";

/** cert-manager's `dns01.azureDNS`. */
export interface AzureDnsSolver {
  environment: AzureCloud;
  subscriptionID: string;
  resourceGroupName: string;
  /** The zone's DNS name; otherwise one of the resource group's is looked for. */
  hostedZoneName?: string;
  tenantID: string;
  clientID: string;
  clientSecretSecretRef: SecretRef;
}

/** Azure's clouds with their own accounts and endpoints. */
export type AzureCloud = (typeof clouds)[number];
const clouds = ["AzurePublicCloud", "AzureChinaCloud", "AzureUSGovernmentCloud"] as const;
const germany = "AzureGermanCloud";

const noIdentity =
  "remove it: certwright does not run in Azure; name a service principal by clientID, clientSecretSecretRef and tenantID";

export const azureDnsSolver: SolverKind<AzureDnsSolver> = {
  table: {
    clientID: "read",
    clientSecretSecretRef: "read",
    tenantID: "read",
    subscriptionID: "read",
    resourceGroupName: "read",
    hostedZoneName: "read",
    environment: "read",
    managedIdentity: later({ fix: noIdentity, unlessAbsent: true }),
  },
  read: (fields) => {
    const hostedZoneName = matching(fields, "hostedZoneName", zoneName);
    return {
      environment: readCloud(fields),
      subscriptionID: matching(fields, "subscriptionID", { ...guid, why: "the subscription of the DNS zones" }) ?? "",
      resourceGroupName: matching(fields, "resourceGroupName", resourceGroup) ?? "",
      ...(hostedZoneName === undefined ? {} : { hostedZoneName: hostedZoneName.replace(/\.$/, "").toLowerCase() }),
      tenantID: matching(fields, "tenantID", tenant) ?? "",
      clientID: matching(fields, "clientID", { ...guid, why: "the application that signs in" }) ?? "",
      clientSecretSecretRef: readSecretRef(fields, "clientSecretSecretRef", {
        name: "secret name is required",
        key: "secret key is required",
      }),
    };
  },
};

/** All of these stand in a URL. */
interface Form {
  syntax: RegExp;
  what: string;
  fix: string;
  /** Why it must be there; absent: it need not. */
  why?: string;
}

const guid: Form = {
  syntax: /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/i,
  what: "must be a GUID",
  fix: "write the id as Azure shows it, such as 12345678-1234-1234-1234-123456789012",
};
const resourceGroup: Form = {
  syntax: /^(?!.*\.$)[\w.()-]{1,90}$/,
  what: "must be the name of a resource group",
  fix: "write the name of the resource group that holds the zones, without its path",
  why: "the resource group of the DNS zones",
};
const tenant: Form = {
  syntax: /^[\da-z]([\da-z.-]{0,251}[\da-z])?$/i,
  what: "must be the id or domain of a tenant",
  fix: "write the directory (tenant) id of the application",
  why: "the tenant that the application signs in to",
};
const zoneName: Form = {
  syntax: /^[\w-]{1,63}(\.[\w-]{1,63})+\.?$/,
  what: "must be the DNS name of a zone",
  fix: "write the zone's DNS name, such as example.com",
};

function matching(fields: Fields, field: string, { syntax, what, fix, why }: Form): string | undefined {
  const text = fields.text(field);
  if (why !== undefined && !fields.isSet(field)) fields.fault(field, requiredValue(why), fix);
  if (text !== undefined && !syntax.test(text)) fields.fault(field, invalidValue(quote(text), what), fix);
  return text;
}

function readCloud(fields: Fields): AzureCloud {
  if (fields.is("environment", germany)) {
    fields.fault("environment", "Forbidden: Microsoft closed this cloud in 2021", `write one of ${clouds.join(", ")}`);
    return "AzurePublicCloud";
  }
  return fields.oneOf("environment", clouds) ?? "AzurePublicCloud";
}
