import type { Call, Recorder } from "./calls.ts";
import type { FaultRule, Faults, Verdict } from "./faults.ts";
import type { Reply, Request } from "./proxy.ts";

/** How one side of the proxy talks to its server. */
export interface Side {
  /** What a fault's `contains` looks into: path, body, and what they refer to. */
  says(): string;
  send(call: Call): Promise<Reply>;
  /** The refusal a fault asks for, in the words of this API. */
  refuse(call: Call, answer: NonNullable<FaultRule["answer"]>): Promise<Reply>;
  /** Notes on the call what its answer says. */
  read(call: Call, reply: Reply): void;
}

/** An answer with this header ends the Lambda that gets it, where the stack's tests planted the switch. */
export const deathHeader = { name: "x-certwright-test", value: "die" };

/** One recorded call, with what the faults do to it; undefined drops the connection. */
export async function exchange(
  request: Pick<Request, "abandoned">,
  described: Omit<Call, "id">,
  deps: { recorder: Recorder; faults: Faults },
  side: Side,
): Promise<Reply | undefined> {
  const call = deps.recorder.begin(described);
  const verdict = await deps.faults.meet(call, side.says());
  if (verdict) call.fault = verdict.kind;
  if (verdict?.kind === "dropRequest" || request.abandoned()) return undefined;
  if (verdict?.kind === "kill" && verdict.hold === "request") return dying({ status: 503, headers: {}, body: nothing });
  const reply = await answered(call, verdict, side);
  side.read(call, reply);
  call.durationMs = Date.now() - call.at;
  await deps.faults.meetReply(call);
  if (verdict?.kind === "dropReply") return undefined;
  call.status = reply.status;
  return spoilt(reply, verdict);
}

const nothing = Buffer.alloc(0);

async function answered(call: Call, verdict: Verdict | undefined, side: Side): Promise<Reply> {
  if (verdict?.kind !== "refuse") return await sendOrNote(call, side);
  const refusal = verdict.answer ?? { status: 503, code: "ServiceUnavailable" };
  const reply = await side.refuse(call, refusal);
  return refusal.headers ? { ...reply, headers: { ...reply.headers, ...refusal.headers } } : reply;
}

/** What the caller gets of an answer. A truncated one has the length of what is left of it, so that it is broken data. */
function spoilt(reply: Reply, verdict: Verdict | undefined): Reply {
  if (verdict?.kind === "kill") return dying(reply);
  if (verdict?.kind !== "truncate") return reply;
  return { ...reply, body: reply.body.subarray(0, Math.floor(reply.body.length / 2)) };
}

function dying(reply: Reply): Reply {
  return { ...reply, headers: { ...reply.headers, [deathHeader.name]: deathHeader.value } };
}

async function sendOrNote(call: Call, side: Side): Promise<Reply> {
  try {
    return await side.send(call);
  } catch (error) {
    call.error = error instanceof Error ? `unreachable: ${error.message}` : "unreachable";
    throw error;
  }
}
