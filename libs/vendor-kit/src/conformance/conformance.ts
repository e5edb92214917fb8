import { manifestChecks } from './manifest-checks.js';
import { messagingChecks } from './messaging-checks.js';
import type { ConformanceCheck, VendorSamples } from './samples.js';
import { sourceChecks } from './source-checks.js';
import { webhookChecks } from './webhook-checks.js';

/**
 * What every vendor must pass, as named checks that throw AssertionErrors; a vendor's `<v>.conformance.spec.ts` registers
 * each as a test. They use no test framework, so that nothing of one reaches production code.
 */
export function conformanceChecks(samples: VendorSamples): ConformanceCheck[] {
  return [
    ...manifestChecks(samples),
    ...webhookChecks(samples),
    ...sourceChecks(samples),
    ...messagingChecks(samples),
  ];
}
