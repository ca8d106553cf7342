import * as dnsAdapters from "../../adapters/dns/index.ts";
import type { StoredRequest } from "../../core/ports.ts";
import * as request from "../../core/request.ts";

/** Parses as this installation does, with the DNS providers it has. */
export const parseRequest = (stored: StoredRequest) => request.parseRequest(stored, dnsAdapters);

/** The same for an Issuer or ClusterIssuer. */
export const parseIssuer = (stored: StoredRequest) => request.parseIssuer(stored, dnsAdapters);
