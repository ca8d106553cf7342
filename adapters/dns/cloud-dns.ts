import type { DnsAdapter } from "../../core/dns-adapter.ts";
import { invalidValue, quote, requiredValue } from "../../core/field-fault.ts";
import type { Fields } from "../../core/field-reader.ts";
import { readSecretRef, type SecretRef } from "../../core/secret-ref.ts";

/** cert-manager's `dns01.cloudDNS`. */
export interface CloudDnsSolver {
  project: string;
  /** The managed zone's own name in Google Cloud, not its DNS name; otherwise a public zone is looked for. */
  hostedZoneName?: string;
  serviceAccountSecretRef: SecretRef;
}

/** TXT records in Google Cloud DNS (https://cloud.google.com/dns/docs/reference/rest/v1), as a service account. */
export const cloudDNS: DnsAdapter<CloudDnsSolver> = {
  solver: { table: { project: "read", hostedZoneName: "read", serviceAccountSecretRef: "read" }, read },
  permissions: () => ({ publish: [], settled: [], cleanUp: [] }),
  readsSecrets: true,
  create: async (config, access) => (await import("./cloud-dns/records.ts")).openCloudDns(config, access),
};

/** Project ids, also those of a domain (`example.com:project`). */
const projectSyntax = /^([a-z0-9.-]{1,63}:)?[a-z0-9][a-z0-9-]{0,62}$/;
const zoneNameSyntax = /^[a-z]([a-z0-9-]{0,61}[a-z0-9])?$/;

function read(fields: Fields): CloudDnsSolver {
  const project = fields.text("project");
  const hostedZoneName = fields.text("hostedZoneName");
  if (!fields.isSet("project")) {
    fields.fault("project", requiredValue("the Google Cloud project of the zones"), "write the project's id");
  }
  if (project !== undefined && !projectSyntax.test(project)) {
    fields.fault("project", invalidValue(quote(project), "must be the id of a project"), "write the project's id");
  }
  if (hostedZoneName !== undefined && !zoneNameSyntax.test(hostedZoneName)) {
    const fix = "write the managed zone's own name, such as example-com, not its DNS name";
    fields.fault("hostedZoneName", invalidValue(quote(hostedZoneName), "must be the name of a managed zone"), fix);
  }
  if (!fields.isSet("serviceAccountSecretRef")) {
    const why = "certwright does not run on Google Cloud, so no identity is there without it";
    const fix = "store a key of a service account with the role DNS Administrator, and name it here";
    fields.fault("serviceAccountSecretRef", requiredValue(why), fix);
    return { project: project ?? "", serviceAccountSecretRef: { name: "", key: "" } };
  }
  const serviceAccountSecretRef = readSecretRef(fields, "serviceAccountSecretRef", {
    name: "secret name is required",
    key: "secret key is required",
  });
  return {
    project: project ?? "",
    ...(hostedZoneName === undefined ? {} : { hostedZoneName }),
    serviceAccountSecretRef,
  };
}
