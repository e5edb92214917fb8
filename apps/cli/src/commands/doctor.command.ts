import type { Call, Command } from '../command.js';
import { describeFindings, type Finding } from '../doctor/finding.js';
import { checks } from '../doctor/checks.js';

/** Whether all is well, and what to do where it is not. */
export const doctorCommand: Command = {
  name: 'doctor',
  summary: 'Whether all is well, and what to do where it is not',
  notes:
    'Looks at the console, the services, connections, parked work, dead letters and the last hour. Exit code 1 when something is broken; what merely waits is told and exits 0.',
  async run(call) {
    const findings = await examine(call);
    call.show({ ok: !findings.some(isBad), findings }, () => describeFindings(findings));
    return findings.some(isBad) ? 1 : 0;
  },
};

async function examine(call: Call): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (const check of checks) {
    const found = await check(call);
    findings.push(...found.findings);
    // Without the console there is nothing more to look at.
    if (found.stop) break;
  }
  return findings;
}

function isBad({ level }: Finding): boolean {
  return level === 'bad';
}
