import type { Tone } from '../../traces/sentences.js';
import type {
  CommandGroup,
  CommandResult,
  RecordGroup,
  TraceStep,
  TraceView,
} from '../../traces/trace-view.js';
import { chip, emptyState, facts, stepList } from '../components.js';
import { channelName, durationText, instant, plural } from '../format.js';
import { html, type Html } from '../html.js';
import { page } from '../layout.js';

const RESULTS: Readonly<Record<CommandResult, readonly [text: string, tone: Tone]>> = {
  delivered: ['Delivered', 'good'],
  sent: ['Sent', 'good'],
  'in-progress': ['On its way', 'neutral'],
  waiting: ['Waiting', 'waiting'],
  'not-sent': ['Not sent', 'stopped'],
  failed: ['Failed', 'bad'],
};

/** The whole way of one event as a timeline. */
export function tracePage(trace: TraceView): string {
  const title = titleOf(trace);
  return page({
    title,
    search: trace.id,
    section: 'feed',
    body: html`<div class="page-head">
        <p class="eyebrow">
          ${[trace.vendor, trace.connectionId].filter((part) => part !== null).join(' · ')}
        </p>
        <h1>${title}</h1>
        <p class="lead">${leadOf(trace)}</p>
        ${workspaceLinks(trace)}
      </div>
      ${waterfall(trace)}
      <div class="groups">
        ${trace.notices.map((notice) =>
          groupCard(
            `Noticed: ${notice.entityType ?? 'a change'}`,
            html`<code>${notice.noticeId}</code>`,
            null,
            notice.steps,
          ),
        )}
        ${trace.records.map((record) => groupCard(`Read: ${nameOf(record)}`, html`<code>${record.recordId}</code>`, null, record.steps))}
        ${trace.commands.map(commandCard)} ${restCard(trace)} ${notSentCard(trace)}
      </div>
      <details class="card">
        <summary>Ids of this event</summary>
        ${facts([
          ['Entity', trace.entityId],
          ['Webhooks', codes(trace.webhookIds)],
          ['Notices', codes(trace.notices.map((notice) => notice.noticeId))],
          ['Records', codes(trace.records.map((record) => record.recordId))],
          ['Commands', codes(trace.commands.map((command) => command.commandId))],
          ['Trace ids in logs', codes(trace.traceIds)],
        ])}
      </details>`,
  });
}

/** What a search without a result says. */
export function unknownTracePage(id: string): string {
  return page({
    title: 'Not found',
    search: id,
    body: html`<h1 class="visually-hidden">Not found</h1>
      ${emptyState(
        `Nothing is known of “${id}”`,
        'Search for a whole id: of a webhook, notice, record, command or message, or an invoice number as it is written in the books. A fresh event takes a moment to get here.',
      )}`,
  });
}

function nameOf(record: RecordGroup): string {
  return [record.entityType ?? 'record', record.entityNumber].filter((part) => part !== null).join(' ');
}

function titleOf(trace: TraceView): string {
  const type = trace.entityType ?? 'event';
  const name = `${type.slice(0, 1).toUpperCase()}${type.slice(1)}`;
  return trace.entityNumber === null ? name : `${name} ${trace.entityNumber}`;
}

function leadOf(trace: TraceView): Html {
  const messages = trace.commands.filter((command) => command.result !== 'not-sent').length;
  const parts = [
    html`${instant(trace.startedAt)}`,
    html`${durationText(trace.durationMs)} from first to last step`,
    messages > 0 ? html`${plural(messages, 'message')}` : null,
    trace.notSent.length > 0 ? html`${trace.notSent.length} not sent` : null,
  ].filter((part) => part !== null);
  return html`${parts.map((part, index) => html`${index > 0 && html` · `}${part}`)}`;
}

/** What several companies have in common (an invoice number) is shown together, and can be looked at one by one. */
function workspaceLinks({ id, workspaceIds }: TraceView): Html | null {
  if (workspaceIds.length < 2) return null;
  const links = workspaceIds.map(
    (workspaceId) =>
      html` <a href="/traces/${encodeURIComponent(id)}?workspaceId=${encodeURIComponent(workspaceId)}"
        >${workspaceId}</a
      >`,
  );
  return html`<p class="lead">In ${plural(workspaceIds.length, 'workspace')}; show only${links}</p>`;
}

function commandCard(command: CommandGroup): Html {
  const [text, tone] = RESULTS[command.result];
  const about = html`${facts([
    [
      'Flow',
      command.flowId && html`<a href="/flows/${encodeURIComponent(command.flowId)}">${command.flowId}</a>`,
    ],
    ['Step', command.flowStep],
    ['Event', command.businessEvent],
    ['Message SID', command.messageSid && html`<code>${command.messageSid}</code>`],
  ])}`;
  return groupCard(
    `${channelName(command.channel)} to ${command.recipient ?? 'somebody'}`,
    about,
    chip(text, tone),
    command.steps,
  );
}

function groupCard(title: string, about: Html, result: Html | null, steps: readonly TraceStep[]): Html {
  return html`<section class="card">
    <div class="card-head">
      <h2>${title}</h2>
      ${result}
    </div>
    <div class="about">${about}</div>
    ${stepList(steps)}
  </section>`;
}

/** Steps that belong to no notice, record or command, e.g. a webhook that was set aside. */
function restCard(trace: TraceView): Html | null {
  const grouped = new Set(
    [...trace.notices, ...trace.records, ...trace.commands].flatMap((group) =>
      group.steps.map((step) => step.outcomeId),
    ),
  );
  const rest = trace.steps.filter((step) => !grouped.has(step.outcomeId));
  return rest.length === 0 ? null : groupCard('Also', html``, null, rest);
}

function notSentCard(trace: TraceView): Html | null {
  if (trace.notSent.length === 0) return null;
  return html`<section class="card">
    <div class="card-head">
      <h2>Not sent</h2>
      ${chip(String(trace.notSent.length), 'stopped')}
    </div>
    <ul class="reasons">
      ${trace.notSent.map(
        (one) =>
          html`<li>
            ${one.sentence}
            <span class="meta"
              >${[one.flowId, one.flowStep, one.reason].filter((part) => part !== null).join(' · ')}</span
            >
          </li>`,
      )}
    </ul>
  </section>`;
}

const CHART_UNITS = 1_000;
const LEAST_UNITS = 6;

/** Each group as a bar from its first to its last step. Sizes are attributes, since the page allows no inline styles. */
function waterfall(trace: TraceView): Html | null {
  const rows = [
    ...trace.notices.map((group) => ({ label: 'Noticed', tone: 'neutral' as Tone, group })),
    ...trace.records.map((group) => ({ label: nameOf(group), tone: 'neutral' as Tone, group })),
    ...trace.commands.map((group) => ({
      label: channelName(group.channel),
      tone: RESULTS[group.result][1],
      group,
    })),
  ];
  if (rows.length < 2 || trace.durationMs === 0) return null;
  const scale = CHART_UNITS / trace.durationMs;
  return html`<figure class="waterfall card" aria-label="When each part happened">
    ${rows.map(({ label, tone, group }) => {
      const width = Math.max(LEAST_UNITS, (group.endedAt - group.startedAt) * scale);
      const x = Math.min((group.startedAt - trace.startedAt) * scale, CHART_UNITS - width);
      return html`<div class="bar">
        <span class="bar-label">${label}</span>
        <svg viewBox="0 0 ${CHART_UNITS} 10" preserveAspectRatio="none" aria-hidden="true">
          <rect class="bar-track" x="0" y="4" width="${CHART_UNITS}" height="2" />
          <rect
            class="bar-fill"
            data-tone="${tone}"
            x="${x.toFixed(1)}"
            y="0"
            width="${width.toFixed(1)}"
            height="10"
            rx="2"
          />
        </svg>
        <span class="bar-time">${durationText(group.endedAt - trace.startedAt)}</span>
      </div>`;
    })}
  </figure>`;
}

function codes(ids: readonly string[]): Html | null {
  return ids.length === 0 ? null : html`${ids.map((id) => html`<code>${id}</code> `)}`;
}
