import type { OutcomeView } from '../../api/api.schema.js';
import type { ServiceState } from '../../summary/service-health.js';
import { type Summary, tilesOf } from '../../summary/summary.js';
import { chip, emptyState, feedRow } from '../components.js';
import { html, type Html } from '../html.js';
import { page } from '../layout.js';

/** The first page: the last hour in numbers, and what happens as it happens. */
export function feedPage(summary: Summary, outcomes: readonly OutcomeView[]): string {
  return page({
    title: 'Live feed',
    section: 'feed',
    body: html`<h1 class="visually-hidden">Live feed</h1>
      <section aria-label="The last hour" class="tiles">
        ${tilesOf(summary.counts).map(
          (tile) =>
            html`<div
              class="tile"
              data-tone="${tile.count > 0 ? tile.tone : 'none'}"
              data-tone-when-some="${tile.tone}"
              data-of="${tile.of.join(' ')}"
            >
              <span class="tile-count">${tile.count}</span><span class="tile-label">${tile.label}</span>
            </div>`,
        )}
      </section>
      ${summary.services.length > 0 && servicesBar(summary.services)}
      <section aria-labelledby="feed-title">
        <div class="section-head">
          <h2 id="feed-title">What happens</h2>
          <span class="live" id="live" role="status" data-state="connecting">connecting…</span>
          <button type="button" class="quiet" id="pause" aria-pressed="false">Pause</button>
        </div>
        <label class="visually-hidden" for="feed-filter">Show only lines that contain</label>
        <input
          id="feed-filter"
          class="filter"
          type="search"
          placeholder="Filter these lines…"
          autocomplete="off"
        />
        <ol
          class="feed"
          id="feed"
          data-position="${Math.max(0, ...outcomes.map(({ position }) => position))}"
        >
          ${outcomes.map(feedRow)}
        </ol>
        <div id="feed-empty" ${outcomes.length > 0 && html` hidden`}>
          ${emptyState(
            'Nothing has happened yet',
            'As soon as a vendor reports a change, it appears here by itself: what was read, which messages were made of it, and what became of them.',
          )}
        </div>
      </section>`,
  });
}

function servicesBar(services: readonly ServiceState[]): Html {
  return html`<section class="services" aria-label="Services">
    ${services.map(({ name, state, failing }) =>
      state === 'up'
        ? chip(name, 'good')
        : chip(`${name}: ${state}${failing.length > 0 ? ` (${failing.join(', ')})` : ''}`, 'bad'),
    )}
  </section>`;
}
