import { type Io, takesColour } from "./io.ts";
import { run } from "./run.ts";
import type { Installation } from "./verb.ts";

for (const stream of [process.stdout, process.stderr]) stream.on("error", endOfPipe);
process.exitCode = await run(process.argv.slice(2), { io: terminal(), connect, untilStopped });

/** The SDKs are loaded only when an installation is asked. */
async function connect(instance: string | undefined): Promise<Installation> {
  return (await import("./connect.ts")).connect(process.env, instance);
}

/** What hangs in the middle of an answer has five seconds. */
function untilStopped(): AbortSignal {
  const stop = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM"])
    process.on(signal, () => {
      stop.abort();
      setTimeout(() => process.exit(0), 5_000).unref();
    });
  return stop.signal;
}

function terminal(): Io {
  const { stdout, stderr } = process;
  const io: Io = {
    out: (text) => stdout.write(`${text}\n`),
    err: (text) => stderr.write(`${text}\n`),
    readStdin,
    colour: { out: takesColour(stdout.isTTY, process.env), err: takesColour(stderr.isTTY, process.env) },
  };
  return stderr.isTTY ? { ...io, progress: (text) => stderr.write(`\r\u001b[K${text}`) } : io;
}

async function readStdin(): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of process.stdin) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks).toString("utf8");
}

/** `certwright get certs | head` closes the pipe early: that is no failure of ours. */
function endOfPipe(error: NodeJS.ErrnoException): void {
  if (error.code === "EPIPE") process.exit(0);
  throw error;
}
