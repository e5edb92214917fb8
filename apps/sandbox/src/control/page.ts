import type { DeliveryAttempt } from '../kit/delivery-log.js';
import type { Fault } from '../kit/fault-plan.js';
import { escapeHtml, htmlPage } from '../kit/html.js';
import type { ClockState } from '../kit/sandbox-clock.js';
import type { LedgerLine } from '../kit/truth-ledger.js';
import type { RecentItem } from '../kit/vendor-double.js';

/** What the page shows. */
export interface PageContent {
  readonly clock: ClockState;
  readonly vendors: readonly {
    readonly name: string;
    readonly summary: Readonly<Record<string, number | string>>;
  }[];
  readonly items: readonly RecentItem[];
  readonly effects: readonly LedgerLine[];
  readonly deliveries: readonly DeliveryAttempt[];
  readonly faults: readonly Fault[];
}

type Cell = string | { readonly text: string; readonly kind: 'id' | 'good' | 'bad' };

/** The page as HTML. It asks for itself again every two seconds and replaces its body, so that nothing jumps. */
export function renderPage(content: PageContent): string {
  const { clock, vendors, items, effects, deliveries, faults } = content;
  const summaries = vendors.map(({ name, summary }) => {
    const figures = Object.entries(summary).map(([label, value]) =>
      typeof value === 'number' ? `${String(value)} ${label}` : `${label}: ${value}`,
    );
    return `<b>${escapeHtml(name)}</b> ${escapeHtml(figures.join(' · '))}`;
  });
  const pace = clock.speed === 1 ? '' : `, ${String(clock.speed)} times as fast`;
  const body = `<main>
<h1>Ledgerwire sandbox</h1>
<p>${summaries.join('<br>')}<br>Clock: ${escapeHtml(clock.now)}${escapeHtml(pace)} · <a href="/__sandbox">API</a></p>
${table('Sent messages', ['When', 'To', 'Text', 'Status', 'Id'], items.map(itemRow), 'No message has been sent yet.')}
${table('Webhooks', ['When', 'Vendor', 'What', 'Try', 'Answer', 'Target'], deliveries.map(deliveryRow), 'No webhook has left yet.')}
${table('Accepted effects', ['#', 'When', 'Vendor', 'What', 'Id', 'Key'], effects.map(effectRow), 'Nothing has been written yet.')}
${table('Faults', ['Id', 'Kind', 'Where', 'Struck'], faults.map(faultRow), 'No fault is armed.')}
</main>
<script>${REFRESH}</script>`;
  return htmlPage('Ledgerwire sandbox', body);
}

const REFRESH = `setInterval(async () => {
  if (document.hidden || getSelection().toString()) return;
  try {
    const page = new DOMParser().parseFromString(await (await fetch(location.href)).text(), 'text/html');
    document.querySelector('main').replaceWith(page.querySelector('main'));
  } catch {}
}, 2000);`;

function itemRow(item: RecentItem): Cell[] {
  const bad = item.problem !== undefined;
  const status = bad ? `${item.status} (${item.problem})` : item.status;
  const kind = bad ? 'bad' : item.isFinal ? 'good' : undefined;
  return [time(item.at), item.to, item.text, kind ? { text: status, kind } : status, id(item.id)];
}

function deliveryRow(attempt: DeliveryAttempt): Cell[] {
  const answer = `${String(attempt.status ?? attempt.error ?? attempt.outcome)}${attempt.warning === undefined ? '' : ` – ${attempt.warning}`}`;
  const isGood = attempt.status !== undefined && attempt.status < 300;
  const what = attempt.id === '' ? attempt.what : `${attempt.what} ${attempt.id}`;
  const answered: Cell = { text: answer, kind: isGood ? 'good' : 'bad' };
  return [time(attempt.at), attempt.vendor, what, String(attempt.attempt), answered, id(attempt.url)];
}

function effectRow(line: LedgerLine): Cell[] {
  return [
    String(line.sequence),
    time(line.at),
    line.vendor,
    `${line.kind} ${line.action}`,
    id(line.id),
    id(line.key ?? ''),
  ];
}

function faultRow({ id: faultId, spec, injected, matched }: Fault): Cell[] {
  const place = [spec.vendor, spec.endpoint, spec.connection]
    .filter((part) => part !== undefined)
    .join(' · ');
  const struck = `${String(injected)} of ${String(matched)}${spec.times === undefined ? '' : `, at most ${String(spec.times)}`}`;
  return [faultId, `${spec.kind} ${spec.when}`, place === '' ? 'everywhere' : place, struck];
}

function table(title: string, heads: readonly string[], rows: readonly Cell[][], empty: string): string {
  if (rows.length === 0) return `<h2>${escapeHtml(title)}</h2><p>${escapeHtml(empty)}</p>`;
  const head = heads.map((name) => `<th>${escapeHtml(name)}</th>`).join('');
  const body = rows.map((row) => `<tr>${row.map(cell).join('')}</tr>`).join('\n');
  return `<h2>${escapeHtml(title)}</h2>\n<table><thead><tr>${head}</tr></thead><tbody>${body}</tbody></table>`;
}

function cell(content: Cell): string {
  return typeof content === 'string'
    ? `<td>${escapeHtml(content)}</td>`
    : `<td class="${content.kind}">${escapeHtml(content.text)}</td>`;
}

function id(text: string): Cell {
  return { text, kind: 'id' };
}

function time(iso: string): string {
  return iso.slice(11, 23);
}
