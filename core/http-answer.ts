/** What `/.well-known/acme-challenge/<token>` answers; whoever knows the token may read it. */
export interface HttpAnswer {
  token: string;
  keyAuthorization: string;
}

/** Where a CA asks for the answer to an HTTP01 challenge (RFC 8555 8.3). */
export function answerPath(token: string): string {
  return `${place}${token}`;
}

/** The token that a path asks for, whatever stage of an API Gateway stands before it; undefined when it asks for none. */
export function tokenIn(path: string): string | undefined {
  const start = path.indexOf(place);
  const token = path.slice(start + place.length);
  return start >= 0 && isToken(token) ? token : undefined;
}

/** Whether a text can be a token: base64url, at least 128 bits (RFC 8555 8.3). It becomes part of a key and of a path. */
function isToken(text: string): boolean {
  return /^[\w-]{22,128}$/.test(text);
}

/** Looks at HTTP01 answers from outside, as a CA does (RFC 8555 8.3): from port 80 on, redirects followed. */
export interface AnswerLook {
  /** Of a name or an IP address. What its server does is never thrown: `instead` says it, without the token. */
  look(identifier: string, answer: HttpAnswer): Promise<{ right: true } | { right: false; instead: string }>;
}

const place = "/.well-known/acme-challenge/";
