import { execFile, spawn } from "node:child_process";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { connect, type PeerCertificate } from "node:tls";
import { promisify } from "node:util";
import { installed } from "../../local/paths.ts";
import { loopback } from "../../local/ports.ts";

const command = existsSync(installed.nginx) ? installed.nginx : "nginx";

/** An nginx of its own folder that serves TLS with the files of a directory. */
export function nginxIn(folder: string, { port, tlsDirectory }: { port: number; tlsDirectory: string }) {
  mkdirSync(folder, { recursive: true });
  const configuration = join(folder, "nginx.conf");
  writeFileSync(configuration, configurationOf(folder, port, tlsDirectory));
  const args = ["-p", folder, "-c", configuration];
  return {
    /** What an operator would give to --on-change. */
    reloadCommand: [command, ...args, "-s", "reload"].join(" "),
    /** What nginx says of its configuration and the files that it names; throws when it would not start. */
    check: () => promisify(execFile)(command, [...args, "-t"]),
    /** Resolves when it takes connections; answers how to end it. */
    start: async () => {
      const child = spawn(command, [...args, "-g", "daemon off;"], { stdio: "ignore" });
      const exit = new Promise((resolve) => child.once("exit", resolve));
      while (child.exitCode === null && !(await listens(port))) await sleep(50);
      if (child.exitCode !== null) throw new Error(`nginx ended with ${child.exitCode}; see ${folder}/error.log`);
      return async () => {
        child.kill("SIGQUIT");
        await exit;
      };
    },
  };
}

/** Every handshake of a client that comes again and again, until `stop`: the serial number it was shown, or its error. */
export function keepShaking(how: { port: number; name: string; root: string }) {
  const seen: string[] = [];
  let stopped = false;
  const loop = (async () => {
    while (!stopped) {
      seen.push(await handshake(how).catch((error: Error) => `failed: ${error.message}`));
      await sleep(10);
    }
  })();
  return {
    seen,
    stop: async () => {
      stopped = true;
      await loop;
    },
  };
}

/** A TLS handshake with an HTTP request, by a client that trusts this root only; answers the leaf's serial number. */
export function handshake({ port, name, root }: { port: number; name: string; root: string }): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: loopback, port, servername: name, ca: root }, () => {
      const { serialNumber }: PeerCertificate = socket.getPeerCertificate();
      let reply = "";
      socket.on("data", (chunk) => {
        reply += chunk;
      });
      socket.once("close", () => {
        if (reply.startsWith("HTTP/1.1 200")) resolve(serialNumber);
        else reject(new Error(`the answer was ${reply.slice(0, 40)}`));
      });
      socket.end(`GET / HTTP/1.1\r\nHost: ${name}\r\nConnection: close\r\n\r\n`);
    });
    socket.once("error", reject);
  });
}

async function listens(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: loopback, port, rejectUnauthorized: false }, () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => resolve(false));
  });
}

function configurationOf(folder: string, port: number, tlsDirectory: string): string {
  return `${process.getuid?.() === 0 ? "user root root;" : ""}
worker_processes 2;
pid ${folder}/nginx.pid;
lock_file ${folder}/nginx.lock;
error_log ${folder}/error.log notice;
events { worker_connections 64; }
http {
  access_log off;
  client_body_temp_path ${folder}/body;
  proxy_temp_path ${folder}/proxy;
  server {
    listen ${loopback}:${port} ssl;
    ssl_certificate ${tlsDirectory}/tls.crt;
    ssl_certificate_key ${tlsDirectory}/tls.key;
    ssl_session_tickets off;
    location / { return 200 "hello"; }
  }
}
`;
}
