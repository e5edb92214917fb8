import type { OutcomeView } from '../api/api.schema.js';
import { traceKeyOf } from '../api/outcome-view.js';
import type { TraceStep } from '../traces/trace-view.js';
import type { Tone } from '../traces/sentences.js';
import { durationText, instant } from './format.js';
import { html, type Html } from './html.js';

/** A word in a coloured pill. */
export function chip(text: string, tone: Tone): Html {
  return html`<span class="chip" data-tone="${tone}">${text}</span>`;
}

/** What is shown instead of an empty list. */
export function emptyState(title: string, text: string): Html {
  return html`<div class="empty">
    <p class="empty-title">${title}</p>
    <p>${text}</p>
  </div>`;
}

/** One line of the feed. `console.js` builds the same from live events. */
export function feedRow(outcome: OutcomeView): Html {
  const key = traceKeyOf(outcome);
  const inner = html`<span class="dot" data-tone="${outcome.tone}" aria-hidden="true"></span>
    <span class="feed-text"
      >${outcome.sentence}
      <span class="meta"
        >${outcome.step} ·
        ${outcome.status}${outcome.entityNumber && html` · ${outcome.entityNumber}`}${
          outcome.flowId && html` · ${outcome.flowId}`
        }</span
      ></span
    >
    <span class="feed-time">${instant(outcome.at)}</span>`;
  return html`<li data-position="${outcome.position}">
    ${key === null ? html`<span class="feed-row">${inner}</span>` : html`<a class="feed-row" href="/traces/${encodeURIComponent(key)}">${inner}</a>`}
  </li>`;
}

/** Steps of a group as a timeline. */
export function stepList(steps: readonly TraceStep[]): Html {
  return html`<ol class="steps">
    ${steps.map(
      (step) =>
        html`<li data-tone="${step.tone}">
          <span class="offset">+${durationText(step.sinceStartMs)}</span>
          <span class="step-text"
            >${step.sentence}
            <span class="meta"
              >${step.step} · ${step.status} · ${step.service} · ${instant(step.at)}</span
            ></span
          >
        </li>`,
    )}
  </ol>`;
}

/** Terms and their values; empty values are left out. */
export function facts(entries: readonly (readonly [term: string, value: Html | string | null])[]): Html {
  return html`<dl class="facts">
    ${entries
      .filter(([, value]) => value !== null && value !== '')
      .map(
        ([term, value]) =>
          html`<div>
            <dt>${term}</dt>
            <dd>${value}</dd>
          </div>`,
      )}
  </dl>`;
}
