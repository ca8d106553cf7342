import { DeleteSecretCommand } from "@aws-sdk/client-secrets-manager";
import { DescribeExecutionCommand } from "@aws-sdk/client-sfn";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Step } from "../../core/status.ts";
import type { Manifest } from "../../local/requests.ts";
import { refusedFor } from "../support/c-issuers.ts";
import { secretsByHand, toRenew, touched, withSpec } from "../support/c-objects.ts";
import type { Gate } from "../support/control.ts";
import { certificate, openBed } from "../support/integration-bed.ts";
import { certwright } from "../support/integration-cli.ts";
import { createZone } from "../support/integration-dns.ts";
import { attemptsOf, ordersFor, versionsOf } from "../support/issuance-counts.ts";
import { callAtStart } from "../support/step-calls.ts";

const bed = openBed();
const { stack, fresh, id } = bed;
const byHand = secretsByHand(stack);
const namespace = fresh("status");
const issuer = fresh("status");
const failing = `failing-${id}.test`;
const instant = expect.stringMatching(/^20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);

const wanted = (name: string, dnsName = `${name}-${id}.example.test`) =>
  certificate({ namespace, name, issuer, dnsNames: [dnsName] });
const [fresh1, edited, renewed, calm, deleted, scheduled, overwritten, failed] = [
  wanted("fresh"),
  wanted("edited"),
  wanted("renewed"),
  wanted("calm"),
  wanted("deleted"),
  wanted("scheduled"),
  wanted("overwritten"),
  wanted("failed", `www.${failing}`),
];
