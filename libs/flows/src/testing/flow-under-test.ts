import type { AccountingRecord } from '#libs/contracts';
import type { Flow } from '../definition/flow.js';
import { parseFlow } from '../definition/parse-flow.js';
import type { EvaluationInput } from '../evaluation/evaluation.js';
import { SAMPLE_NOW, sampleContact, sampleSource, sampleTarget } from '../samples/sample-records.js';

/** A flow of the sample company from its steps, and what stands above them. */
export function flowUnderTest(steps: string, head = ''): Flow {
  const parsed = parseFlow(`apiVersion: ledgerwire/v1
id: tested
name: Tested
workspace: sample-workspace
source: sample-books
target: sample-twilio
country: GB
locale: en-GB
${head}
steps:
${steps}`);
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
  return { ...parsed.flow, version: 1 };
}

/** What a record of the sample company is evaluated with, at nine in the morning of 21 November 2026, a Saturday. */
export function inputFor(record: AccountingRecord, over: Partial<EvaluationInput> = {}): EvaluationInput {
  return {
    record,
    previous: null,
    contact: sampleContact(),
    sourceConnection: sampleSource,
    targetConnection: sampleTarget,
    now: SAMPLE_NOW,
    ...over,
  };
}
