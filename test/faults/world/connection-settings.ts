import { requestJson } from '../../../tools/once/http.ts';
import type { RunningSystem } from '../../../tools/start/start-system.ts';

/** Where token-broker listens; its public URL says localhost, which Xero wants. */
export function brokerUrl(system: RunningSystem): string {
  return system.context.urls['token-broker'].replace('//localhost:', '//127.0.0.1:');
}

/** Replaces the settings of a connection, as an operator would. */
export async function setConnectionSettings(
  { system }: { readonly system: RunningSystem },
  connectionId: string,
  settings: Readonly<Record<string, string>>,
): Promise<void> {
  await requestJson(`${brokerUrl(system)}/connections/${connectionId}`, {
    method: 'PATCH',
    token: system.sandbox.consoleToken,
    body: { settings },
  });
}
