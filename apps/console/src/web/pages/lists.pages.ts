import type { DeadLetterRow } from '#libs/persistence';
import type { ShownConnection } from '../../summary/connection-list.js';
import type { Tone } from '../../traces/sentences.js';
import { chip, emptyState } from '../components.js';
import { instant } from '../format.js';
import { html, type Html } from '../html.js';
import { page } from '../layout.js';

const CONNECTION_TONES: Readonly<Record<string, Tone | undefined>> = {
  active: 'good',
  'needs-reauthorisation': 'bad',
  paused: 'waiting',
  disconnected: 'stopped',
};

/** Every connection and how it stands. */
export function connectionsPage(
  connections: readonly ShownConnection[],
  limits: Readonly<Record<string, string>>,
): string {
  return page({
    title: 'Connections',
    section: 'connections',
    body: html`<div class="page-head">
        <h1>Connections</h1>
        <p class="lead">Authorised accounts at vendors.</p>
      </div>
      ${
        connections.length === 0
          ? emptyState(
              'Nothing is connected yet',
              'Open the connect page of token-broker to authorise an account; it appears here within a moment.',
            )
          : table(
              ['Account', 'Vendor', 'Status', 'Calls used', 'Id', 'Workspace', 'Changed'],
              connections.map((one) => [
                html`<strong>${one.displayName}</strong>`,
                html`${one.vendor}`,
                statusCell(one),
                html`${limits[one.connectionId] ?? ''}`,
                html`<code>${one.connectionId}</code>`,
                html`${one.workspaceId}`,
                instant(one.updatedAt),
              ]),
            )
      }`,
  });
}

function statusCell({ status, refreshFailing }: ShownConnection): Html {
  const state = chip(status, CONNECTION_TONES[status] ?? 'neutral');
  if (!refreshFailing) return state;
  return html`${state} ${chip('refresh-failing', 'waiting')}
    <span class="meta"
      >since
      ${instant(refreshFailing.since)}${refreshFailing.detail && html`: ${refreshFailing.detail}`}</span
    >`;
}

/** Records that were set aside. */
export function deadLettersPage(letters: readonly DeadLetterRow[]): string {
  return page({
    title: 'Dead letters',
    section: 'dead-letters',
    body: html`<div class="page-head">
        <h1>Dead letters</h1>
        <p class="lead">Records that could not be handled, kept byte for byte in the log. Newest first.</p>
      </div>
      ${
        letters.length === 0
          ? emptyState('No dead letters', 'Everything that came in could be handled.')
          : table(
              ['When', 'What was wrong', 'Where from', 'Key', 'State'],
              letters.map((letter) => [
                instant(letter.at),
                html`${letter.errorMessage}
                  <span class="meta"
                    >${letter.errorCode} · ${letter.service} · attempt ${letter.attempts}</span
                  >`,
                html`${letter.originTopic}${
                  letter.originOffset >= 0 &&
                  html`<span class="meta"
                    >partition ${letter.originPartition}, offset ${letter.originOffset}</span
                  >`
                }`,
                html`<code>${letter.key ?? '–'}</code>`,
                chip(letter.status, letter.status === 'open' ? 'bad' : 'neutral'),
              ]),
            )
      }`,
  });
}

/** A table that becomes cards on narrow screens; each cell carries its heading for that. */
export function table(headings: readonly string[], rows: readonly (readonly Html[])[]): Html {
  return html`<div class="table-frame">
    <table>
      <thead>
        <tr>
          ${headings.map((heading) => html`<th scope="col">${heading}</th>`)}
        </tr>
      </thead>
      <tbody>
        ${rows.map(
          (cells) =>
            html`<tr>
              ${cells.map((cell, index) => html`<td data-label="${headings[index]}"><div>${cell}</div></td>`)}
            </tr>`,
        )}
      </tbody>
    </table>
  </div>`;
}
