import type { VendorDefinition } from '#libs/vendor-kit';
import type { ConsentEnd, ConsentRefusal } from './consent-flow.js';
import { html, Html } from './html.js';
import { pageStyle } from './page-style.js';

/** Why the way to the vendor does not even begin. */
export type LinkRefusal = 'link-missing' | 'link-forged' | 'link-expired';

/** A page and the HTTP status it is answered with. */
export interface Page {
  readonly status: number;
  readonly body: string;
}

/**
 * Asks for consent before the vendor does: which data goes where. Xero's developer terms (of 4 December 2025) allow passing
 * data on only with the customer's consent.
 */
export function consentPage(
  vendor: VendorDefinition,
  { scopes, write }: { readonly scopes: readonly string[]; readonly write: boolean },
  continueTo: string,
): Page {
  const { name } = vendor.manifest;
  const writes = write
    ? html`<h2>What Ledgerwire writes</h2>
        <ul>
          <li>
            Which contacts want no text messages, in the place that whoever runs Ledgerwire names; nothing
            else
          </li>
        </ul>`
    : '';
  return page(
    200,
    `Connect ${name}`,
    html`<h1>Connect ${name} to Ledgerwire</h1>
      <p>
        You are about to let Ledgerwire read from your ${name} account. On the next page ${name} asks you to
        sign in and to choose the company.
      </p>
      <h2>What Ledgerwire reads</h2>
      <ul>
        <li>Invoices, payments and credit notes: numbers, amounts, dates, states and tracking categories</li>
        <li>Contacts: names, phone numbers and e-mail addresses</li>
        <li>Your organisation's name, country, currency and time zone</li>
      </ul>
      ${writes}
      <h2>Who gets it</h2>
      <ul>
        <li>
          <strong>Twilio</strong>, which delivers the messages that you set up: the recipient's phone number
          or e-mail address and the text of the message, e.g. an invoice's number, amount and due date
        </li>
        <li>Services that you connect yourself, as far as your flows say so</li>
        <li>Nobody else. Your data is not sold, and no model is trained with it</li>
      </ul>
      <p>
        By going on you agree to this. You can end it at any time: in ${name}, or by whoever runs Ledgerwire
        for you.
      </p>
      <a class="button" href="${continueTo}" rel="nofollow">Agree and continue to ${name}</a>
      <p class="soft">
        Rights that will be asked for: ${list(scopes.map((scope) => html`<code>${scope}</code>`))}
      </p>`,
  );
}

/** What became of the consent. */
export function endPage(vendor: VendorDefinition, end: ConsentEnd): Page {
  const { name } = vendor.manifest;
  if (end.kind === 'refused') return refusalPage(name, end.reason);
  const connected = end.connections.map(
    ({ displayName, currency }) =>
      html`<li>${displayName}${currency === null ? '' : html` <span class="soft">${currency}</span>`}</li>`,
  );
  const taken = end.elsewhere.map((displayName) => html`<li>${displayName}</li>`);
  const title = connected.length > 0 ? `${name} is connected` : 'Nothing was connected';
  return page(
    200,
    title,
    html`<h1>${title}</h1>
      ${
        connected.length > 0
          ? html`<p>Ledgerwire now reads from:</p>
              <ul class="accounts">
                ${connected}
              </ul>`
          : ''
      }
      ${
        taken.length > 0
          ? html`<p>Another workspace has these connected already; disconnect them there first:</p>
              <ul class="accounts">
                ${taken}
              </ul>`
          : ''
      }
      <p class="soft">
        Not the company you meant? Disconnect it and connect again; ${name} lets you choose. You can close
        this page.
      </p>`,
  );
}

/** A link that does not let anyone in. */
export function linkPage(reason: LinkRefusal): Page {
  const { title, advice } = linkTexts[reason];
  return problemPage(403, title, advice);
}

/** Something that the visitor cannot mend. */
export function problemPage(status: number, title: string, advice: string): Page {
  return page(
    status,
    title,
    html`<h1>${title}</h1>
      <p>${advice}</p>`,
  );
}

function refusalPage(vendorName: string, reason: ConsentRefusal): Page {
  const { status, title, advice } = refusalTexts[reason](vendorName);
  return problemPage(status, title, advice);
}

const linkTexts: Readonly<Record<LinkRefusal, { readonly title: string; readonly advice: string }>> = {
  'link-missing': {
    title: 'This page needs a personal link',
    advice: 'Ask whoever runs Ledgerwire for you to send you a link for connecting your account.',
  },
  'link-forged': {
    title: 'This link is not complete',
    advice:
      'It may have been cut off when it was copied. Open it again from the message in which you got it, or ask for a new one.',
  },
  'link-expired': {
    title: 'This link has expired',
    advice: 'Ask whoever sent it to you for a new one.',
  },
};

interface RefusalText {
  readonly status: number;
  readonly title: string;
  readonly advice: string;
}

const AGAIN = 'Open the link that brought you to Ledgerwire once more to begin again.';

const refusalTexts: Readonly<Record<ConsentRefusal, (vendorName: string) => RefusalText>> = {
  'state-unknown': () => ({
    status: 400,
    title: 'We did not expect this answer',
    advice: `It does not belong to anything that was begun here, so nothing was connected. ${AGAIN}`,
  }),
  'state-used': () => ({
    status: 409,
    title: 'This answer was used before',
    advice: `If the page was only reloaded, your company is connected already. Otherwise: ${AGAIN}`,
  }),
  'state-expired': () => ({
    status: 410,
    title: 'That took too long',
    advice: `For safety an answer is good for a quarter of an hour. ${AGAIN}`,
  }),
  'state-foreign': () => ({
    status: 400,
    title: 'This began in another browser',
    advice: `For safety connecting has to end in the browser in which it began, with cookies allowed. ${AGAIN}`,
  }),
  denied: (vendorName) => ({
    status: 200,
    title: 'Nothing was connected',
    advice: `You did not allow access at ${vendorName}, and Ledgerwire has none. ${AGAIN}`,
  }),
  'code-refused': (vendorName) => ({
    status: 502,
    title: `${vendorName} did not accept the connection`,
    advice: `Nothing was connected. ${AGAIN} If it happens again, tell whoever runs Ledgerwire for you.`,
  }),
  'vendor-failed': (vendorName) => ({
    status: 503,
    title: `${vendorName} does not answer at the moment`,
    advice: `Nothing was connected. Wait a few minutes. ${AGAIN}`,
  }),
  'no-accounts': (vendorName) => ({
    status: 200,
    title: 'No company was chosen',
    advice: `${vendorName} gave access to no company. ${AGAIN} and choose one there.`,
  }),
};

/** As it stands here: the policy in the headers allows exactly these characters. */
const styleElement = new Html(`<style>${pageStyle}</style>`);

function page(status: number, title: string, content: Html): Page {
  const { markup } = html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <title>${title} · Ledgerwire</title>
        ${styleElement}
      </head>
      <body>
        <main>${content}</main>
      </body>
    </html>`;
  return { status, body: markup };
}

function list(items: readonly Html[]): readonly Html[] {
  return items.map((item, index) => (index === 0 ? item : html`, ${item}`));
}
