import { setTimeout as sleep } from "node:timers/promises";
import type { Manifest } from "../../../local/requests.ts";
import { type IssuerWish, type openBed, secretKeyOf } from "../integration-bed.ts";
import { sendOrder } from "../integration-orders.ts";
import { versionsOf } from "../issuance-counts.ts";
import type { Effect } from "./effects.ts";
import { inWords, issuedOnce } from "./issued-once.ts";
import { armed, type Blow, faultOf, wanted } from "./killed.ts";
import type { ChaosRow } from "./rows.ts";

type Bed = ReturnType<typeof openBed>;

/** The first lease is 60 s, and the sweep comes every ten. */
const leasedMs = 200_000;

/** What died is invoked again after a second: the next row must not hit that. */
const repeatedMs = 2_500;

/**
 * One death of a function that works for many at a time takes what its neighbours did in the same invocation with it, so
 * the rows die one after another. What follows goes on side by side.
 */
export function inTurn() {
  let last: Promise<unknown> = Promise.resolve();
  return <Out>(work: () => Promise<Out>): Promise<Out> => {
    const turn = last.then(work, work);
    last = turn.catch(() => undefined);
    return turn;
  };
}

/** Dispatch dies while it starts the execution of a new Certificate. */
export function deathsOfDispatch(bed: Bed, id: string, effects: Effect[], blows: Blow[], turn = inTurn()): ChaosRow[] {
  return rowsOf(bed, effects, blows, id, async (effect, blow, name) => {
    await bed.putIssuer({ name });
    const manifest = wanted(name, name);
    const fault = await turn(async () => {
      const set = await armed(bed, effect, name, blow);
      await bed.put([manifest]);
      await set.struck();
      await sleep(repeatedMs);
      return set;
    });
    return fault.after(async () => inWords(await issuedOnce(bed, manifest, {}, leasedMs)));
  });
}

/** The sweep dies while it starts the execution of a Certificate that waited for its issuer. */
export function deathsOfSweep(bed: Bed, id: string, effects: Effect[], blows: Blow[], turn = inTurn()): ChaosRow[] {
  return rowsOf(bed, effects, blows, id, async (effect, blow, name) => {
    const manifest = wanted(name, name);
    await bed.put([manifest]);
    await bed.shown([manifest], ({ ready }) => ready?.reason === "IssuerNotFound");
    const fault = await turn(async () => {
      const set = await armed(bed, effect, name, blow);
      await bed.putIssuer({ name });
      await set.struck();
      await sleep(repeatedMs);
      return set;
    });
    return fault.after(async () => inWords(await issuedOnce(bed, manifest, {}, leasedMs)));
  });
}

/** Check issuer dies while it makes the issuer ready for which a Certificate waits. */
export function deathsOfCheckIssuer(bed: Bed, id: string, effects: Effect[], blows: Blow[]): ChaosRow[] {
  return rowsOf(bed, effects, blows, id, async (effect, blow, name) => {
    const manifest = wanted(name, name);
    await bed.put([manifest]);
    await bed.shown([manifest], ({ ready }) => ready?.reason === "IssuerNotFound");
    const fault = await armed(bed, effect, name, blow);
    const issuer = withEmail(bed, { name });
    await bed.put([issuer]);
    await fault.struck();
    return fault.after(async () => {
      const seen = await issuedOnce(bed, manifest, {}, leasedMs);
      await bed.ready([issuer]);
      const secret = { metadata: { namespace: "_cluster", name }, spec: { secretName: `${name}-account` } };
      const keys = await versionsOf(bed.stack, { ...issuer, ...secret });
      if (keys.length !== 1)
        throw new Error(`${keys.length} versions of ${secretKeyOf({ ...issuer, ...secret }).name}`);
      return `one account key; ${inWords(seen)}`;
    });
  });
}

/** Accept request dies while it writes an order from the bus. */
export function deathsOfAcceptRequest(bed: Bed, id: string, effects: Effect[], blows: Blow[]): ChaosRow[] {
  return rowsOf(bed, effects, blows, id, async (effect, blow, name) => {
    await bed.putIssuer({ name });
    const manifest = wanted(name, name);
    const fault = await armed(bed, effect, name, blow);
    const deliver = () => sendOrder(bed.stack, "Certificate Requested", name, { name, spec: manifest.spec });
    for (let time = 1; time <= (blow.times ?? 1); time += 1) {
      await deliver();
      await fault.struck(time);
    }
    // AWS invokes a function again that died with an event; the emulator does not, so the event comes once more.
    if (blow.kind === "kill") await deliver();
    return fault.after(async () => inWords(await issuedOnce(bed, manifest, {}, leasedMs)));
  });
}

/** Resync dies while it hands over a Certificate whose last event was lost: State has decided on another spec. */
export function deathsOfResync(bed: Bed, id: string, effects: Effect[], blows: Blow[]): ChaosRow[] {
  const turn = inTurn();
  return rowsOf(bed, effects, blows, id, async (effect, blow, name) => {
    const { stack } = bed;
    await bed.putIssuer({ name });
    const manifest = wanted(name, name);
    await bed.put([manifest]);
    await issuedOnce(bed, manifest);
    const row = await stack.certificate({ namespace: name, name });
    if (!row) throw new Error("no row");
    const fault = await turn(async () => {
      await stack.state.putCertificate({ ...row, specHash: "what-was-there-before" });
      const set = await armed(bed, effect, name, blow);
      const died = await stack.resync().then(
        () => false,
        () => true,
      );
      if (!died) throw new Error("resync did not die");
      // The next one, six hours later.
      await stack.resync();
      return set;
    });
    return fault.after(async () => {
      const decided = async () => (await stack.certificate({ namespace: name, name }))?.specHash === row.specHash;
      for (const end = Date.now() + 30_000; !(await decided()); await sleep(200))
        if (Date.now() > end) throw new Error("the resync changed nothing");
      return `decided again; ${inWords(await issuedOnce(bed, manifest))}`;
    });
  });
}

const expectations: Record<string, string> = {
  dispatch: "Ready: the stream delivers the record again; a lease that was taken already lapses after a minute.",
  sweep: "Ready: the next sweep takes it; a lease that was taken already lapses after a minute.",
  "check-issuer": "The issuer is Ready with one account and one key; the Certificate that waited is Ready.",
  "accept-request": "Ready when the event is delivered again, as AWS does (the row does it: the emulator does not).",
  resync: "The next resync hands it over; nothing is issued again.",
};

function rowsOf(
  bed: Bed,
  effects: Effect[],
  blows: Blow[],
  id: string,
  run: (effect: Effect, blow: Blow, name: string) => Promise<string>,
): ChaosRow[] {
  return effects.flatMap((effect, index) =>
    blows.map((blow) => {
      const { kind, when, times = 1 } = blow;
      const again = kind === "kill" && times > 1 ? ", and again on the retry" : "";
      return {
        fault: `${faultOf(effect, blow)}${again}`,
        expected: expectations[effect.by] ?? "",
        run: () => run(effect, blow, bed.fresh(`${id}${when.slice(0, 1)}${times}x${index}`)),
      };
    }),
  );
}

function withEmail(bed: Bed, wish: IssuerWish): Manifest {
  const issuer = bed.issuer(wish);
  const { acme } = issuer.spec as { acme: object };
  return { ...issuer, spec: { acme: { ...acme, email: `${wish.name}@example.test` } } };
}
