import { configureGlobal, readConfigureGlobal } from "fast-check";

/** Properties get the same input in every run, so that a gate that was green stays green; `SEED=n` tries another. */
configureGlobal({ ...readConfigureGlobal(), seed: Number(process.env.SEED ?? 1) });
