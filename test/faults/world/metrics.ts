import type { ProductService } from './services.ts';
import type { World } from './world.ts';

/** The sum over all label sets of a metric at the first instance of a service; 0 when it does not answer or has no such metric. */
export async function metricSum(
  { system }: World,
  service: ProductService,
  name: string,
  labels: Readonly<Record<string, string>> = {},
): Promise<number> {
  const url = `${system.context.urls[service].replace('//localhost:', '//127.0.0.1:')}/metrics`;
  const text = await fetch(url, { signal: AbortSignal.timeout(5_000) })
    .then((response) => response.text())
    .catch(() => '');
  return sumOf(text, name, labels);
}

/** Adds up the samples of a metric in Prometheus' text format that have all these labels. */
export function sumOf(text: string, name: string, labels: Readonly<Record<string, string>>): number {
  const wanted = Object.entries(labels).map(([label, value]) => `${label}="${value}"`);
  let sum = 0;
  for (const line of text.split('\n')) {
    if (!line.startsWith(`${name}{`) && !line.startsWith(`${name} `)) continue;
    if (!wanted.every((pair) => line.includes(pair))) continue;
    const value = Number(line.slice(line.lastIndexOf(' ') + 1));
    if (Number.isFinite(value)) sum += value;
  }
  return sum;
}
