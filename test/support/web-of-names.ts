import type { HttpAnswer } from "../../core/http-answer.ts";
import type { State } from "../../core/ports.ts";
import { serveChallenge } from "../../core/serve-challenge.ts";

interface Page {
  status: number;
  body: string;
}

/** The user's web server, which may change what serve-challenge behind it answers. */
export type Web = (name: string, served: Page) => Page;

/** Asks the web server of a name, as anybody may. */
export type Visit = (name: string, token: string) => Promise<Page>;

/** The web servers of all names, each leading to serve-challenge and so to State; what a CA sees there, and what our look sees. */
export function webOf(state: Pick<State, "answerTo">, web: Web = (_, served) => served) {
  const visit: Visit = async (name, token) => {
    const path = `/.well-known/acme-challenge/${token}`;
    const { status, body } = await serveChallenge({ method: "GET", path }, state);
    return web(name, { status, body });
  };
  const fetchAnswer = async (name: string, token: string) => {
    const { status, body } = await visit(name, token);
    return status === 200 ? body : undefined;
  };
  const look = async (name: string, { token, keyAuthorization }: HttpAnswer) => {
    const { status, body } = await visit(name, token);
    if (status === 200 && body.trimEnd() === keyAuthorization) return { right: true } as const;
    return { right: false, instead: `http://${name}/.well-known/acme-challenge/<token> answered ${status}` } as const;
  };
  return { visit, fetchAnswer, look };
}
