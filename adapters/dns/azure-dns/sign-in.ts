import * as z from "zod/mini";
import { askJson, refusedBy } from "../json-api.ts";
import { type AzureDnsDeps, endpoints, vendor } from "./client.ts";

/** A token is not used in its last minute. */
const marginMs = 60_000;
const granted = z.object({ access_token: z.string(), expires_in: z.coerce.number() });
const failure = z.object({ error: z.string(), error_description: z.optional(z.string()) });

type SignIn = Pick<AzureDnsDeps, "fetch" | "clock" | "solver"> & { clientSecret: string };

/** Access tokens by the client credentials grant (RFC 6749 4.4), each used until shortly before it ends. */
export function accessTokens(deps: SignIn): () => Promise<string> {
  let current: Promise<{ text: string; endsAt: number }> | undefined;
  return async () => {
    const known = await current?.catch(() => undefined);
    if (known && known.endsAt - marginMs > deps.clock.now().getTime()) return known.text;
    current = grant(deps);
    return (await current).text;
  };
}

async function grant({ solver, clientSecret, ...web }: SignIn): Promise<{ text: string; endsAt: number }> {
  const { login, management } = endpoints[solver.environment];
  const body = new URLSearchParams({
    grant_type: "client_credentials",
    client_id: solver.clientID,
    client_secret: clientSecret,
    scope: `${management}/.default`,
  });
  const url = `${login}/${solver.tenantID}/oauth2/v2.0/token`;
  const answer = await askJson(vendor, web, { method: "POST", url, headers: {}, body });
  if (!answer.ok) {
    const said = failure.safeParse(answer.body).data;
    const words = said?.error_description ?? said?.error ?? "";
    throw refusedBy(vendor, answer, `the sign-in of ${solver.clientID}`, words.split(/\r?\n/)[0] ?? "");
  }
  const { access_token: text, expires_in: seconds } = granted.parse(answer.body);
  return { text, endsAt: web.clock.now().getTime() + seconds * 1_000 };
}
