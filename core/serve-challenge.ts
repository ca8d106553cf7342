import { tokenIn } from "./http-answer.ts";
import type { State } from "./ports.ts";

/** What somebody asks a web server for. */
export interface Asked {
  method: string;
  path: string;
}

export interface Served {
  status: number;
  headers: Record<string, string>;
  body: string;
}

/** Answers a CA that looks at an HTTP01 challenge (RFC 8555 8.3); anything else is not found, without a read of State. */
export async function serveChallenge({ method, path }: Asked, state: Pick<State, "answerTo">): Promise<Served> {
  const token = method === "GET" ? tokenIn(path) : undefined;
  const answer = token === undefined ? undefined : await state.answerTo(token);
  return answer === undefined ? served(404, "not found\n") : served(200, answer);
}

/** Behind a cache an answer would outlive its challenge, and a 404 the moment before it. */
function served(status: number, body: string): Served {
  return { status, headers: { "content-type": "text/plain", "cache-control": "no-store" }, body };
}
