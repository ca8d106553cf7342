import { asksAt } from "./iam-asks.ts";
import type { Fence } from "./iam-denials.ts";
import type { Installed } from "./iam-template.ts";

/** In the two tables. */
export function rowFences({ place }: Installed, keyMaterial: string): Fence[] {
  const { row, plain } = asksAt(place, keyMaterial);
  const elsewhere = `arn:aws:dynamodb:${place.region}:${place.account}:table/other-state`;
  return [
    {
      title: "rows of State and no other table's; none deleted",
      functions: ["dispatch", "sweep", "check-issuer", "prepare", "create-order", "validate-challenge"],
      allowed: row("PutItem", "state", "web"),
      denied: [
        row("PutItem", "requests", "web"),
        row("UpdateItem", "requests", "web"),
        row("DeleteItem", "state", "web"),
        row("DeleteItem", "state", "_system"),
        row("Query", "state", "web"),
        row("Scan", "state"),
        row("Scan", "requests"),
        plain("dynamodb:PutItem", elsewhere, { "dynamodb:LeadingKeys": ["web"] }),
      ],
    },
    {
      title: "whole rows of State, and no change of fields",
      functions: ["check-issuer", "create-order", "check-propagation", "validate-challenge"],
      allowed: row("PutItem", "state", "web"),
      denied: [row("UpdateItem", "state", "web"), row("DeleteItem", "state", "_system")],
    },
    {
      title: "attempts in namespaces of users listed, and nothing of the installation's",
      functions: ["write-secret"],
      allowed: row("Query", "state", "web"),
      denied: [
        row("Query", "state", "_system"),
        row("Query", "state", "_cluster"),
        row("Query", "state", "_http01"),
        row("Query", "state"),
        row("Query", "requests", "web"),
        row("PutItem", "requests", "web"),
        row("DeleteItem", "state", "web"),
        row("DeleteItem", "state", "_system"),
        row("Scan", "state"),
        row("Scan", "requests"),
        plain("dynamodb:PutItem", elsewhere, { "dynamodb:LeadingKeys": ["web"] }),
      ],
    },
    {
      title: "fields of rows in namespaces of users changed, and of none of the installation's",
      functions: ["write-secret"],
      allowed: row("UpdateItem", "state", "web"),
      denied: [
        row("UpdateItem", "state", "_system"),
        row("UpdateItem", "state", "_cluster"),
        row("UpdateItem", "state"),
        row("UpdateItem", "requests", "web"),
      ],
    },
    {
      title: "rows of State deleted, and only those under _system and _http01",
      functions: ["clean-up-challenge"],
      allowed: row("DeleteItem", "state", "_http01"),
      denied: [
        row("DeleteItem", "state", "web"),
        row("DeleteItem", "state", "_cluster"),
        row("DeleteItem", "state", "_system", "web"),
        row("DeleteItem", "state"),
        row("DeleteItem", "requests", "_system"),
      ],
    },
    {
      title: "answers to HTTP01 challenges read one by one, and nothing else of anything",
      functions: ["serve-challenge"],
      allowed: row("GetItem", "state", "_http01"),
      denied: [
        row("GetItem", "state", "_system"),
        row("GetItem", "state", "_cluster"),
        row("GetItem", "state", "web"),
        row("GetItem", "state"),
        row("BatchGetItem", "state", "_http01"),
        row("Query", "state", "_http01"),
        row("Scan", "state"),
        row("PutItem", "state", "_http01"),
        row("UpdateItem", "state", "_http01"),
        row("DeleteItem", "state", "_http01"),
        row("GetItem", "requests", "_http01"),
      ],
    },
    {
      title: "requests written for orders of the bus, in users' namespaces only, and no status",
      functions: ["accept-request"],
      allowed: row("PutItem", "requests", "web"),
      denied: [
        row("PutItem", "requests", "_system"),
        row("DeleteItem", "requests", "_system"),
        row("PutItem", "requests", "_cluster"),
        row("PutItem", "requests", "web", "_cluster"),
        row("PutItem", "requests"),
        row("PutItem", "state", "web"),
        row("GetItem", "state", "web"),
        row("Scan", "requests"),
      ],
    },
    {
      title: "all requests read, and nothing written",
      functions: ["resync"],
      allowed: row("Scan", "requests"),
      denied: [row("PutItem", "requests", "web"), row("PutItem", "state", "web"), row("Scan", "state")],
    },
  ];
}

/** Of other services. */
export function callFences({ place }: Installed, keyMaterial: string): Fence[] {
  const { start, invoke, bus, assume, log, plain } = asksAt(place, keyMaterial);
  const machine = start("certwright-issue-certificates");
  return [
    {
      title: "executions of its own state machine",
      functions: ["dispatch", "sweep"],
      allowed: machine,
      denied: [
        start("other-issue-certificates"),
        start("certwright-issue-certificates-2"),
        plain("states:UpdateStateMachine", machine.resource),
      ],
    },
    {
      title: "two functions called, by their names",
      functions: ["dispatch", "sweep"],
      allowed: invoke("certwright-check-issuer"),
      denied: [
        invoke("certwright-write-secret"),
        invoke("certwright-prepare"),
        invoke("payroll"),
        plain("lambda:UpdateFunctionCode", invoke("certwright-check-issuer").resource),
      ],
    },
    {
      title: "facts on its own bus, never orders",
      functions: ["dispatch", "sweep", "prepare", "write-secret"],
      allowed: bus(["certwright"]),
      denied: [
        bus(["certwright.namespace.web"]),
        bus(["certwright", "certwright.namespace.web"]),
        bus([]),
        bus(["certwright"], "default"),
      ],
    },
    {
      title: "roles of tenants under their name, with our ExternalId",
      functions: ["publish-challenge", "check-propagation", "clean-up-challenge"],
      allowed: assume("certwright-shop-dns", "certwright/shop"),
      denied: [
        assume("certwright-shop-dns"),
        assume("certwright-shop-dns", "other/shop"),
        assume("certwright-shop-dns", "certwright"),
        assume("administrator", "certwright/shop"),
      ],
    },
    {
      title: "its own log and no other",
      functions: ["dispatch"],
      allowed: log("certwright-dispatch"),
      denied: [log("certwright-sweep"), log("payroll")],
    },
  ];
}
