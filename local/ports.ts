import { createServer } from "node:net";

/** The one address the local stack listens on. */
export const loopback = "127.0.0.1";

/** So many different ports that were free a moment ago. */
export async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(Array.from({ length: count }, listenAnywhere));
  const ports = servers.map(portOf);
  await Promise.all(servers.map((server) => new Promise((closed) => server.close(closed))));
  return ports;
}

/** The port a server listens on. */
export function portOf(server: { address(): string | { port: number } | null }): number {
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the server does not listen on a port");
  return address.port;
}

function listenAnywhere(): Promise<ReturnType<typeof createServer>> {
  return new Promise((ready, failed) => {
    const server = createServer();
    server.once("error", failed);
    server.listen(0, loopback, () => ready(server));
  });
}
