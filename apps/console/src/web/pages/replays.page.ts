import type { ReplayView } from '../../operations/operations.js';
import type { Tone } from '../../traces/sentences.js';
import { chip, emptyState } from '../components.js';
import { instant, plural } from '../format.js';
import { html, type Html } from '../html.js';
import { page } from '../layout.js';
import { table } from './lists.pages.js';

const TONES: Readonly<Record<ReplayView['status'], Tone>> = {
  running: 'waiting',
  done: 'good',
  cancelled: 'stopped',
  failed: 'bad',
};

/** Replays and how far each is; one that fails says why and when it is tried again. */
export function replaysPage(replays: readonly ReplayView[]): string {
  return page({
    title: 'Replays',
    section: 'replays',
    body: html`<div class="page-head">
        <h1>Replays</h1>
        <p class="lead">Spans of topics that are brought again. Newest first.</p>
      </div>
      ${
        replays.length === 0
          ? emptyState('No replays', 'Begin one with: ledgerwire replay start, or POST /api/replays.')
          : table(
              ['Asked for', 'What', 'State', 'Brought again', 'Why'],
              replays.map((replay) => [
                instant(replay.createdAt),
                html`<strong>${replay.topic}</strong>
                  <span class="meta">${replay.mode} · <code>${replay.replayId}</code></span>`,
                stateOf(replay),
                html`${replay.replayed} of
                ${replay.read}${
                  replay.unanswered > 0 &&
                  html`<span class="meta">${replay.unanswered} without a record</span>`
                }`,
                html`${replay.reason}`,
              ]),
            )
      }`,
  });
}

function stateOf(replay: ReplayView): Html {
  const failing = replay.status === 'running' && replay.attempts > 0;
  const percent = Math.floor(replay.progress * 100);
  return html`${chip(failing ? 'failing' : replay.status, failing ? 'bad' : TONES[replay.status])}
    <span class="meta">${percent} %</span>
    ${replay.problem !== null && html`<span class="meta">${replay.problem}</span>`}
    ${
      failing &&
      replay.nextTryAt !== null &&
      html`<span class="meta"
        >failed ${plural(replay.attempts, 'time')}, next try ${instant(replay.nextTryAt)}</span
      >`
    }
    ${
      replay.status === 'running' &&
      html`<form action="/replays/${encodeURIComponent(replay.replayId)}/cancel" method="post">
        <button class="quiet">Cancel</button>
      </form>`
    }`;
}
