import type { Call, Recorder } from "./calls.ts";
import type { FaultRule, Faults } from "./faults.ts";
import type { Reply, Request } from "./proxy.ts";

/** How one side of the proxy talks to its server. */
export interface Side {
  send(call: Call): Promise<Reply>;
  /** The refusal a fault asks for, in the words of this API. */
  refuse(call: Call, answer: NonNullable<FaultRule["answer"]>): Promise<Reply>;
  /** Notes on the call what its answer says. */
  read(call: Call, reply: Reply): void;
}

/** One recorded call, with what the faults do to it; undefined drops the connection. */
export async function exchange(
  request: Request,
  described: Omit<Call, "id">,
  deps: { recorder: Recorder; faults: Faults },
  side: Side,
): Promise<Reply | undefined> {
  const call = deps.recorder.begin(described);
  const verdict = await deps.faults.meet(call, `${request.path} ${request.body.toString("utf8")}`);
  if (verdict) call.fault = verdict.kind;
  if (verdict?.kind === "dropRequest" || request.abandoned()) return undefined;
  const refusal =
    verdict?.kind === "refuse" ? (verdict.answer ?? { status: 503, code: "ServiceUnavailable" }) : undefined;
  const reply = refusal ? await side.refuse(call, refusal) : await sendOrNote(call, side);
  side.read(call, reply);
  call.durationMs = Date.now() - call.at;
  await deps.faults.meetReply(call);
  if (verdict?.kind === "dropReply") return undefined;
  call.status = reply.status;
  return refusal?.headers ? { ...reply, headers: { ...reply.headers, ...refusal.headers } } : reply;
}

async function sendOrNote(call: Call, side: Side): Promise<Reply> {
  try {
    return await side.send(call);
  } catch (error) {
    call.error = error instanceof Error ? `unreachable: ${error.message}` : "unreachable";
    throw error;
  }
}
