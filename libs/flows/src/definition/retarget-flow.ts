import { parseDocument } from 'yaml';

/** What a ready flow is adapted to. */
export interface FlowTarget {
  readonly workspace: string;
  /** Connection of the books. */
  readonly source: string;
  /** Connection that sends. */
  readonly target: string;
  /** Another id, where one flow file serves several connections. */
  readonly id?: string;
}

/** A flow file for other connections; comments and layout stay as they are. The result is to be parsed like any other. */
export function retargetFlow(yaml: string, to: FlowTarget): string {
  const document = parseDocument(yaml);
  for (const [key, value] of Object.entries(to)) if (value !== undefined) document.set(key, value);
  return document.toString({ lineWidth: 0 });
}
