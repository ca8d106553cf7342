import type { Fence } from "./iam-denials.ts";
import { recordFences, secretFences } from "./iam-denials.ts";
import { callFences, rowFences } from "./iam-denials-of-calls.ts";
import { clusterFences } from "./iam-denials-of-clusters.ts";
import { keyFences } from "./iam-denials-of-keys.ts";
import type { Installed } from "./iam-template.ts";

/** Every right of a role that has a fence, in an installation with ZONE1 listed and ZVAL1 as validation zone. */
export function fencesOf(installed: Installed): Fence[] {
  const keyMaterial = installed.arn("AWS::KMS::Key", "KeyMaterial");
  const records = installed.arn("AWS::KMS::Key", "Records");
  return [
    ...recordFences(),
    ...secretFences(installed, keyMaterial),
    ...keyFences(installed, keyMaterial, records),
    ...rowFences(installed, keyMaterial),
    ...callFences(installed, keyMaterial),
    ...clusterFences(installed, keyMaterial),
  ];
}
