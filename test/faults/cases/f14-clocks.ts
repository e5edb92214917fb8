import { runNode } from '../../../tools/checks/step.ts';
import { type FaultTest, plainReport } from '../suite/fault-test.ts';

/** About a fifth of a second of processor time each. */
const SEEDS = 60;
const LARGEST_FIRST_SEED = 1_000_000;

/** F14: clocks of machines and of zones, in the simulation: nobody can set a machine's clock for a suite, and a year takes too long. */
export const clocks: FaultTest = {
  id: 'F14',
  title: 'clocks set wrong and changed in fifty zones (simulated)',
  weight: 0.2,
  short: false,
  alone: true,
  run: async ({ random }) => {
    const from = 1 + Math.floor(random() * LARGEST_FIRST_SEED);
    const args = [
      'tools/simulate.ts',
      '--scenario',
      'clock',
      '--seeds',
      String(SEEDS),
      '--from',
      String(from),
    ];
    const { code, output } = await runNode([...args, '--keep-going', '--brief']);
    const [, seeds = '0', hours = '0'] = /^clock +(\d+) seeds.*?(\d+) h of virtual time/m.exec(output) ?? [];
    const broken = output.split('\n').filter((line) => line.startsWith('✗ '));
    return plainReport({
      injected: Number(seeds),
      figures: { 'nights played': seeds, 'days of virtual time': Math.round(Number(hours) / 24) },
      failures: [
        ...broken.map((line) => line.slice(2)),
        ...(code !== 0 && broken.length === 0 ? [`the simulation ended with ${code}`] : []),
      ],
    });
  },
};
