import * as z from "zod/mini";
import { resync } from "../../core/resync.ts";
import { handler as trigger } from "../runtime.ts";

/** Compares all requests with what State last decided on, every six hours and after a restore. */
export const handler = trigger("resync", z.unknown(), (deps) => resync(deps));
