import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { type FunctionName, functionShapes, pascalCase, stepNames } from "../../../cdk/functions.ts";
import { steps } from "../../../core/status.ts";
import { cleanUp, loops, machine, signStates, stepStates } from "./machine.ts";

const states = Object.entries(machine.States);
const named = states.map(([name, state]) => ({ name, state }));
const tasks = named.filter(({ state }) => state.Type === "Task");

describe("issue-certificates as written", () => {
  it("is JSONata from top to bottom", () => {
    expect(machine.QueryLanguage).toBe("JSONata");
    const old = [
      "InputPath",
      "OutputPath",
      "ResultPath",
      "Parameters",
      "ResultSelector",
      "TimestampPath",
      "QueryLanguage",
    ];
    for (const [name, state] of states)
      expect([name, Object.keys(state).filter((key) => old.includes(key))]).toEqual([name, []]);
  });

  it.each(named)("$name says in one line what it is for", ({ state }) => {
    expect(state.Comment).toMatch(/^\S.{15,120}$/);
  });

  it("has a Comment of its own", () => {
    expect(machine.Comment).toMatch(/^[A-Z].{15,}$/);
  });

  it("has only tasks, choices and waits: no policy in a Pass", () => {
    expect([...new Set(states.map(([, state]) => state.Type))].sort()).toEqual(["Choice", "Task", "Wait"]);
  });

  it("reaches every state from the first", () => {
    const reached = new Set([machine.StartAt]);
    for (const name of reached) {
      const state = machine.States[name];
      const ways = [
        ...(state?.Choices ?? []),
        ...(state?.Catch ?? []),
        { Next: state?.Next },
        { Next: state?.Default },
      ];
      for (const { Next } of ways) if (Next) reached.add(Next);
    }
    expect([...reached].sort()).toEqual(states.map(([name]) => name).sort());
  });

  it("uses nothing of JSONata that decides: no function, no comparison but with null, and the route that dispatch chose", () => {
    const text = readFileSync(new URL("../../../state-machines/issue-certificates.asl.json", import.meta.url), "utf8");
    const expressions = [...text.matchAll(/\{%(.*?)%\}/g)].map(([, inner]) => inner?.trim() ?? "");
    expect(expressions.length).toBeGreaterThan(50);
    const known = [
      "$route = 'sign'",
      "$exists($states.input.route) ? $states.input.route : 'order'",
      "$waitUntil = null ? $states.context.State.EnteredTime : $waitUntil",
    ];
    const others = expressions.filter((expression) => !known.includes(expression));
    expect(others).toHaveLength(expressions.length - known.length);
    for (const expression of others) expect(expression).toMatch(/^\$[\w.]+( = null)?$|^\$states(\.\w+)+$/);
  });
});

describe("a task", () => {
  it.each(tasks)("$name is named like its folder, its placeholder and its step", ({ name, state }) => {
    const folder = name.toLowerCase().replaceAll(" ", "-");
    expect(stepNames).toContain(folder);
    expect(steps).toContain(folder);
    const { FunctionName } = state.Arguments as { FunctionName: string };
    expect(FunctionName).toBe(`\${${pascalCase(folder)}}`);
    expect(readFileSync(new URL(`../../../functions/${folder}/index.ts`, import.meta.url), "utf8")).toContain(
      "handler",
    );
  });

  it("is there for each step, in their order", () => {
    expect(tasks.map(({ name }) => name.toLowerCase().replaceAll(" ", "-"))).toEqual([...steps]);
    const names = tasks.map(({ name }) => name);
    expect([...stepStates, cleanUp]).toEqual(names.filter((name) => name !== "Sign"));
    expect([...signStates, cleanUp]).toEqual(
      names.filter((name) => signStates.includes(name as never) || name === cleanUp),
    );
  });

  it.each(tasks)("$name gives its Lambda more time than the Lambda gives itself", ({ name, state }) => {
    const folder = name.toLowerCase().replaceAll(" ", "-") as FunctionName;
    expect(state.TimeoutSeconds).toBeGreaterThan(functionShapes[folder].timeoutSeconds);
  });

  it.each(tasks)("$name calls Lambda and repeats as the table of errors says", ({ state }) => {
    expect(state.Resource).toBe("arn:aws:states:::lambda:invoke");
    expect(state.Retry).toHaveLength(2);
    expect(state.Retry).toEqual(machine.States["Create order"]?.Retry);
    expect(state.Retry?.[0]).toMatchObject({ MaxAttempts: 2, JitterStrategy: "FULL" });
    expect(state.Retry?.[0]?.ErrorEquals).toContain("UnavailableError");
    expect(state.Retry?.[1]).toMatchObject({ ErrorEquals: ["States.ALL"], MaxAttempts: 1, JitterStrategy: "FULL" });
  });

  it.each(tasks)("$name hands nothing on but variables", ({ state }) => {
    expect(state.Output).toEqual({});
  });

  it.each([...stepStates, "Sign"])("%s catches everything and goes to Clean up", (name) => {
    const caught = machine.States[name]?.Catch;
    expect(caught).toMatchObject([{ ErrorEquals: ["States.ALL"], Next: cleanUp, Output: {} }]);
    expect(caught?.[0]?.Output).toEqual({});
    expect(caught?.[0]?.Assign).toMatchObject({ failed: "{% $states.errorOutput.Error %}" });
  });
});

describe("a wait", () => {
  it.each(loops)("$wait follows the question $choice and comes back to $task", ({ task, choice, wait, next }) => {
    expect(machine.States[task]?.Next).toBe(choice);
    expect(machine.States[choice]).toMatchObject({ Type: "Choice", Default: wait, Choices: [{ Next: next }] });
    expect(machine.States[wait]).toMatchObject({ Type: "Wait", Next: task });
    expect(machine.States[wait]?.Timestamp).toMatch(/\$waitUntil %\}$/);
  });

  it("is called `Wait for`, and a choice is a question", () => {
    const ofType = (type: string) => states.filter(([, state]) => state.Type === type).map(([name]) => name);
    for (const name of ofType("Wait")) expect(name).toMatch(/^Wait for [a-z]+$/);
    for (const name of ofType("Choice")) expect(name).toMatch(/^[A-Z][a-z ]+\?$/);
  });
});
