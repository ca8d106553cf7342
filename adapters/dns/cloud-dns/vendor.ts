import type { Vendor } from "../json-api.ts";

/** Google's reasons in docs/errors.md. */
export const vendor: Vendor = {
  name: "Google Cloud DNS",
  refused: {
    reason: "CloudDNSRefused",
    fix: "Give the service account the role DNS Administrator (roles/dns.admin) in this project. Look at what the zone holds at that name.",
  },
  unavailable: { reason: "CloudDNSUnavailable" },
  limited: { reason: "CloudDNSRateLimited" },
};
