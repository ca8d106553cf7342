import { awsError, awsRefusal, describeAws } from "./aws-call.ts";
import type { Call, Recorder } from "./calls.ts";
import { addUnits, askForUnits, takeUnits } from "./capacity.ts";
import { exchange } from "./exchange.ts";
import type { Faults } from "./faults.ts";
import type { Answer, Reply, Request } from "./proxy.ts";
import type { Zones } from "./zones.ts";

/** What the proxy before the emulator is made of. */
export interface AwsFront {
  forward(request: Request): Promise<Reply>;
  recorder: Recorder;
  faults: Faults;
  zones: Zones;
}

/** What stands in front of the emulator: records, disturbs, counts capacity units and keeps the DNS picture. */
export function createAwsFront(front: AwsFront): Answer {
  const changes: Changes = new Map();
  return (request) => {
    const described = describeAws(request);
    return exchange(request, described, front, {
      says: () => `${request.path} ${request.body.toString("utf8")} ${changes.get(changeOf(request)) ?? ""}`,
      send: (call) => send({ ...front, changes }, request, call),
      refuse: async (call, answer) => awsRefusal(call, answer),
      read(call, reply) {
        const error = awsError(reply);
        if (error !== undefined) call.error = error;
      },
    });
  };
}

/** The ChangeBatch behind each change id, so that a fault can tell whose GetChange it is. */
type Changes = Map<string, string>;
/** Of 300 names each; a test of 1,000 certificates makes some hundred. */
const changesKept = 2_000;

async function send(front: AwsFront & { changes: Changes }, request: Request, call: Call): Promise<Reply> {
  if (call.service === "dynamodb") return await sendCounted(front, request, call);
  if (call.action === "ChangeResourceRecordSets") return await sendChange(front, request);
  const reply = await front.forward(request);
  if (call.action === "GetChange") return withTruth(front.zones, request, reply);
  if (call.action === "CreateHostedZone" || call.action === "DeleteHostedZone") await front.zones.refresh();
  return reply;
}

async function sendCounted(front: AwsFront, request: Request, call: Call): Promise<Reply> {
  const asked = askForUnits(request, call.action);
  const reply = await front.forward(asked?.request ?? request);
  const taken = takeUnits(reply, call.action);
  addUnits(call, taken);
  return asked ? taken.stripped : reply;
}

async function sendChange(front: AwsFront & { changes: Changes }, request: Request): Promise<Reply> {
  await front.zones.refresh();
  const zoneId = /\/hostedzone\/([^/]+)\/rrset/.exec(request.path)?.[1] ?? "";
  return await front.zones.inTurn(zoneId, async () => {
    const reply = await front.forward(request);
    const change = /<Id>\/change\/([^<]+)<\/Id>/.exec(reply.body.toString("utf8"))?.[1];
    if (reply.status !== 200 || !change) return reply;
    const batch = request.body.toString("utf8");
    front.zones.accepted(zoneId, batch, change);
    front.changes.set(change, batch);
    for (const oldest of [...front.changes.keys()].slice(0, -changesKept)) front.changes.delete(oldest);
    return reply;
  });
}

// The emulator says PENDING once and then INSYNC; here INSYNC means what it means on AWS: the name servers show it.
function withTruth(zones: Zones, request: Request, reply: Reply): Reply {
  const status = zones.statusOf(changeOf(request));
  if (reply.status !== 200 || status === undefined) return reply;
  const body = reply.body.toString("utf8").replace(/<Status>[A-Z]+<\/Status>/, `<Status>${status}</Status>`);
  return { ...reply, body: Buffer.from(body) };
}

function changeOf(request: Request): string {
  return /\/change\/([^/?]+)/.exec(request.path)?.[1] ?? "";
}
