import { App } from "aws-cdk-lib";
import { propsFromContext } from "./context.ts";
import { SettingsError } from "./settings.ts";
import { Installation } from "./stacks/installation.ts";

/** The deployable app: `npx cdk deploy -c zones=Z0123456789ABC -c alarmEmail=oncall@example.com` (cdk/props.ts has them all). */
const app = new App();
const { CDK_DEFAULT_ACCOUNT: account, CDK_DEFAULT_REGION: region } = process.env;

try {
  const env = { ...(account && { account }), ...(region && { region }) };
  new Installation(
    app,
    propsFromContext((key) => app.node.tryGetContext(key)),
    { env },
  );
} catch (error) {
  if (!(error instanceof SettingsError)) throw error;
  // The message says all; a stack trace would hide it.
  process.stderr.write(`${error.message}\n`);
  process.exit(1);
}
