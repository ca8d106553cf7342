import type { SolverKind } from "../../../core/dns-adapter.ts";
import { invalidValue, requiredValue } from "../../../core/field-fault.ts";
import { type Fields, later } from "../../../core/field-reader.ts";
import { readSecretRef, type SecretRef } from "../../../core/secret-ref.ts";

/** cert-manager's `dns01.acmeDNS`. */
export interface AcmeDnsSolver {
  /** The server's https URL, without a slash at its end. */
  host: string;
  /** A JSON object of accounts as `/register` answers them, by the domain that each is for. */
  accountSecretRef: SecretRef;
}

const ownRoots = later({
  fix: "remove it: give the server a certificate of a public CA, as acme-dns gets one by itself",
});

/** cert-manager takes http, too; the account's password would be readable on its way. */
export const acmeDnsSolver: SolverKind<AcmeDnsSolver> = {
  table: { host: "read", accountSecretRef: "read", caBundle: ownRoots },
  read: (fields) => ({
    host: readHost(fields),
    accountSecretRef: readSecretRef(fields, "accountSecretRef", {
      name: "secret name is required",
      key: "secret key is required",
    }),
  }),
};

function readHost(fields: Fields): string {
  const host = fields.text("host");
  const fix = "write the server's URL, such as https://auth.example.com";
  if (host === undefined) {
    if (!fields.isSet("host")) fields.fault("host", requiredValue("the URL of the acme-dns server"), fix);
    return "";
  }
  const url = URL.parse(host);
  const usable = url?.protocol === "https:" && url.username === "" && url.password === "" && !/[?#]/.test(host);
  if (!usable) fields.fault("host", invalidValue('"(not shown)"', "must be an https URL without credentials"), fix);
  return host.replace(/\/+$/, "");
}
