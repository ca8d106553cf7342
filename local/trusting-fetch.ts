import { request } from "node:https";

/** A GET, or a POST of this body, over TLS that trusts this CA only (the built-in fetch cannot be given one). */
export function fetchTrusting(
  caCertificate: string,
  url: string,
  body?: string,
): Promise<{ status: number; body: string }> {
  return new Promise((resolve, reject) => {
    const method = body === undefined ? "GET" : "POST";
    const sent = request(
      url,
      { method, ca: caCertificate, headers: { "user-agent": "certwright-local" } },
      (answer) => {
        const chunks: Buffer[] = [];
        answer.on("data", (chunk: Buffer) => chunks.push(chunk));
        answer.on("error", reject);
        answer.on("end", () =>
          resolve({ status: answer.statusCode ?? 0, body: Buffer.concat(chunks).toString("utf8") }),
        );
      },
    );
    sent.setTimeout(10_000, () => sent.destroy(new Error(`no answer from ${url} within 10 s`)));
    sent.on("error", reject);
    sent.end(body);
  });
}
