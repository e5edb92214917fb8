import { html, type Html } from './html.js';

/** Pages of the navigation. */
export type Section = 'feed' | 'flows' | 'connections' | 'dead-letters' | 'replays';

/** What a page brings. */
export interface PageContent {
  readonly title: string;
  readonly section?: Section;
  /** What stands in the search box. */
  readonly search?: string;
  readonly body: Html;
}

const SECTIONS: readonly { readonly section: Section; readonly href: string; readonly label: string }[] = [
  { section: 'feed', href: '/', label: 'Live feed' },
  { section: 'flows', href: '/flows', label: 'Flows' },
  { section: 'connections', href: '/connections', label: 'Connections' },
  { section: 'dead-letters', href: '/dead-letters', label: 'Dead letters' },
  { section: 'replays', href: '/replays', label: 'Replays' },
];

/** A whole page for operators that are signed in. */
export function page(content: PageContent): string {
  return documentOf(
    content.title,
    html`<header class="top">
        <a class="brand" href="/"><span class="brand-mark" aria-hidden="true"></span>Ledgerwire</a>
        <nav aria-label="Main">
          ${SECTIONS.map(
            ({ section, href, label }) =>
              html`<a href="${href}" ${section === content.section && html` aria-current="page"`}
                >${label}</a
              >`,
          )}
          <a href="/docs">API</a>
        </nav>
        <form class="search" action="/traces" method="get" role="search">
          <label class="visually-hidden" for="search">Find an event by any of its ids</label>
          <input
            id="search"
            name="id"
            type="search"
            value="${content.search}"
            placeholder="Invoice number, message SID, any id…"
            autocomplete="off"
            spellcheck="false"
            required
          />
          <kbd aria-hidden="true">/</kbd>
        </form>
        <form class="sign-out" action="/logout" method="post"><button class="quiet">Sign out</button></form>
      </header>
      <main id="main" tabindex="-1">${content.body}</main>`,
  );
}

/** A page for those who are not signed in. */
export function barePage(title: string, body: Html): string {
  return documentOf(title, html`<main id="main" class="bare" tabindex="-1">${body}</main>`);
}

function documentOf(title: string, body: Html): string {
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <title>${title} · Ledgerwire</title>
        <link rel="icon" href="/assets/icon.svg" type="image/svg+xml" />
        <link rel="stylesheet" href="/assets/console.css" />
        <script type="module" src="/assets/console.js"></script>
      </head>
      <body>
        <a class="skip" href="#main">Skip to content</a>
        ${body}
      </body>
    </html>`.text;
}
