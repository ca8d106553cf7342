import { readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { IStackSynthesizer } from "aws-cdk-lib";
import { App, CliCredentialsStackSynthesizer } from "aws-cdk-lib";
import { propsFromContext } from "../../cdk/context.ts";
import { Installation } from "../../cdk/stacks/installation.ts";
import { forEmulator } from "./auth-conditions.ts";

/**
 * certwright's app for an emulator with AUTH=true: no policy asks for what the emulator does not say. `as-written.json`
 * beside the template is what AWS would get. The CLI's own credentials deploy it, since the roles of the bootstrap may not
 * use its bucket over plain HTTP.
 */
const app = new App();
const { CDK_DEFAULT_ACCOUNT: account = "", CDK_DEFAULT_REGION: region = "" } = process.env;
const props = propsFromContext((key) => app.node.tryGetContext(key));
const synthesizer = new CliCredentialsStackSynthesizer() as IStackSynthesizer;
const stack = new Installation(app, props, { env: { account, region }, synthesizer });
const file = app.synth().getStackArtifact(stack.artifactId).templateFullPath;
const asWritten = readFileSync(file, "utf8");
writeFileSync(join(dirname(file), "as-written.json"), asWritten);
writeFileSync(file, JSON.stringify(forEmulator(JSON.parse(asWritten))));
