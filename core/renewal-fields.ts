import { parseCron } from "./cron.ts";
import { readDuration } from "./duration-field.ts";
import { invalidValue, quote, requiredValue } from "./field-fault.ts";
import type { Fields, FieldTable } from "./field-reader.ts";
import type { RenewalWindow } from "./renewal-windows.ts";
import { zoneClock } from "./zone-clock.ts";

/** What `spec.renewal` says: whether to renew by itself, and in which windows. */
export interface RenewalPolicy {
  policy: "RenewBefore" | "Disabled";
  windows: RenewalWindow[];
}

const renewalTable: FieldTable = { policy: "read", windows: "read" };
const windowTable: FieldTable = { cron: "read", windowDuration: "read", timezone: "read" };

/** Reads `renewal` with cert-manager's rules; undefined when it says what is done anyway. */
export function readRenewal(fields: Fields): RenewalPolicy | undefined {
  const renewal = fields.map("renewal", renewalTable);
  if (!renewal) return undefined;
  const policy = renewal.oneOf("policy", ["RenewBefore", "Disabled"]) ?? "RenewBefore";
  if (policy === "Disabled" && renewal.isSet("windows")) {
    const message = "Forbidden: windows cannot be set when `renewal.policy` is set to Disabled";
    renewal.fault("windows", message, "remove the windows, or write RenewBefore");
    return { policy, windows: [] };
  }
  const windows = renewal.maps("windows", windowTable).map(readWindow);
  return policy === "RenewBefore" && windows.length === 0 ? undefined : { policy, windows };
}

function readWindow(fields: Fields): RenewalWindow {
  return { cron: readCron(fields), durationSeconds: readLength(fields), timezone: readZone(fields) };
}

function readCron(fields: Fields): string {
  const cron = fields.text("cron");
  const fix = 'write minute, hour, day of month, month and day of week, such as "0 2 * * sat"';
  if (cron === undefined) {
    if (!fields.isSet("cron")) fields.fault("cron", requiredValue("must be specified"), fix);
    return "";
  }
  const parsed = parseCron(cron);
  if ("problem" in parsed) {
    const order = "cron.Minute | cron.Hour | cron.Dom | cron.Month | cron.Dow";
    const why = `invalid cron syntax: ${parsed.problem}. cron needs to follow: ${order}`;
    fields.fault("cron", invalidValue(quote(cron.slice(0, 100)), why), fix);
  }
  return cron;
}

function readLength(fields: Fields): number {
  const fix = "write hours, minutes and seconds, such as 2h or 1h30m";
  const text = fields.text("windowDuration");
  const seconds = readDuration(fields, "windowDuration");
  const message = "windowDuration must be specified and should be greater than 0";
  if (text === undefined && !fields.isSet("windowDuration")) {
    fields.fault("windowDuration", requiredValue(message), fix);
  } else if (text !== undefined && seconds !== undefined && !/^([0-9]+(\.[0-9]+)?(s|m|h))+$/.test(text)) {
    const why = "should match '^([0-9]+(\\.[0-9]+)?(s|m|h))+$'";
    fields.fault("windowDuration", invalidValue(quote(text), why), fix);
  } else if (seconds === 0) {
    fields.fault("windowDuration", invalidValue(quote(text ?? ""), message), fix);
  }
  return seconds ?? 0;
}

function readZone(fields: Fields): string {
  const timezone = fields.text("timezone") ?? "UTC";
  if (!zoneClock(timezone)) {
    const why = "invalid value for timezone. timezone must be IANA compliant";
    fields.fault("timezone", invalidValue(quote(timezone.slice(0, 60)), why), "write a name such as Europe/Berlin");
  }
  return timezone;
}
