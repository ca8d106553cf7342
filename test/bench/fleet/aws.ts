import type { FleetClock } from "./clock.ts";
import type { Meter } from "./meter.ts";
import { retrying, type Throttle } from "./throttle.ts";

/** What every fake of an AWS service needs. */
export interface AwsWorld {
  clock: FleetClock;
  used: Meter;
  /** 0 <= x < 1, the same in each run. */
  fraction(): number;
}

/** A command as the SDK's `send` takes it. */
export interface Command {
  constructor: { name: string };
  // biome-ignore lint/suspicious/noExplicitAny: every command has another shape
  input: any;
}

/** One service: how long its calls take, what limits them, and what they do. */
export interface Service {
  name: string;
  ms(action: string): number;
  /** The bucket that a call takes from. */
  limit?(action: string): Throttle | undefined;
  /** Name of the error of a throttled call. */
  throttled?: string;
  run(action: string, input: Command["input"], command: Command): object | Promise<object>;
}

/** An SDK client whose calls take time, are counted, throttled and repeated as the SDK repeats them. */
export function sender<Client>(world: AwsWorld, service: Service): Client {
  const send = async (command: Command) => {
    const action = command.constructor.name.replace(/Command$/, "");
    const count = () => world.used.add(`${service.name} ${action}`);
    const limit = service.limit?.(action);
    const retry = { ...world, refused: () => refused(world.used, count) };
    return retrying(
      retry,
      () => limit?.take() ?? true,
      async () => {
        count();
        await world.clock.sleep(service.ms(action));
        return service.run(action, command.input, command);
      },
      () => awsError(service.throttled ?? "ThrottlingException", 400, "Rate exceeded"),
    );
  };
  return { send } as Client;
}

function refused(used: Meter, count: () => void): void {
  count();
  used.throttled += 1;
}

/** An error as the SDK throws it. */
export function awsError(name: string, httpStatusCode: number, message = name): Error {
  return Object.assign(new Error(message), { name, $fault: "client", $metadata: { httpStatusCode } });
}
