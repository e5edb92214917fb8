import { readFileSync } from 'node:fs';
import chromium from '@sparticuz/chromium';
import { type Browser, type BrowserContext, chromium as playwright, type Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { invoiceTrail, outcome, START } from '../testing/outcomes.js';
import type { ReplayView } from '../operations/operations.js';
import { type PagesUnderTest, startPages } from '../testing/pages-under-test.js';

/** Background traffic off: on a closed network Chromium would wait for hosts that it never needs. */
const ARGUMENTS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];
const HOSTILE = '<script>document.title="owned"</script>"\'><img src=x onerror=document.title="owned">';
const FLOW = readFileSync(new URL('../../../../flows/xero-invoice-notices.yaml', import.meta.url), 'utf8');

let pages: PagesUnderTest;
let browser: Browser;
let context: BrowserContext;
let page: Page;
/** What the browser complained about: errors of scripts, refused inline code, missing files. */
let complaints: string[];

beforeAll(async () => {
  browser = await playwright.launch({ executablePath: await chromium.executablePath(), args: ARGUMENTS });
});

afterAll(() => browser.close());

beforeEach(async () => {
  pages = await startPages();
  pages.data.flows = [
    {
      flowId: 'xero-invoice-notices',
      version: 1,
      workspaceId: 'my-company',
      enabled: true,
      sourceConnectionId: 'my-xero',
      targetConnectionId: 'my-twilio',
      yaml: FLOW,
      appliedBy: null,
      appliedAt: START,
    },
  ];
  context = await browser.newContext({ viewport: { width: 1_280, height: 900 } });
  page = await newPage();
});

afterEach(async () => {
  await context.close();
  await pages.stop();
});

async function newPage(): Promise<Page> {
  const opened = await context.newPage();
  complaints = [];
  opened.on('console', (message) => {
    if (message.type() === 'error') complaints.push(message.text());
  });
  opened.on('pageerror', (error) => complaints.push(error.message));
  return opened;
}

function open(path: string): Promise<unknown> {
  return page.goto(`${pages.url}${path}${path.includes('?') ? '&' : '?'}token=${pages.token}`);
}

function addTrail(): void {
  for (const one of invoiceTrail()) pages.data.add({ ...one, what: one.outcomeId });
}

describe('the page', () => {
  it('asks for the token in one field and leads on to what was wanted', async () => {
    addTrail();
    await page.goto(`${pages.url}/traces/INV-0042`);
    await page.getByLabel('Operator token').fill('not it');
    await page.keyboard.press('Enter');
    await page.getByRole('alert').waitFor();
    expect(await page.getByRole('alert').textContent()).toBe('That is not the operator token.');
    await page.getByLabel('Operator token').fill(pages.token);
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'Invoice INV-0042', level: 1 }).waitFor();
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.getByLabel('Operator token').waitFor();
  });

  it('shows what happens as it happens, without being asked', async () => {
    await open('/');
    expect(page.url()).not.toContain('token');
    await page.getByText('Nothing has happened yet').waitFor();
    await page.getByText('live', { exact: true }).waitFor();
    addTrail();
    await page.getByText('The message was delivered.').waitFor();
    const lines = await page.locator('#feed li').allTextContents();
    expect(lines).toHaveLength(7);
    expect(lines[0]).toContain('The message was delivered.');
    expect(await page.getByText('Nothing has happened yet').isVisible()).toBe(false);
    expect(complaints).toEqual([]);
  });

  it('can be paused, and shows afterwards what came meanwhile', async () => {
    await open('/');
    await page.getByText('live', { exact: true }).waitFor();
    await page.getByRole('button', { name: 'Pause' }).click();
    addTrail();
    await page.getByText('paused, 7 new').waitFor();
    expect(await page.locator('#feed li').count()).toBe(0);
    await page.getByRole('button', { name: 'Go on' }).click();
    expect(await page.locator('#feed li').count()).toBe(7);
  });

  it('finds an event by keyboard alone and shows its way', async () => {
    addTrail();
    await open('/');
    await page.keyboard.press('/');
    await page.keyboard.type('INV-0042');
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'Invoice INV-0042', level: 1 }).waitFor();
    await page.getByText('The SMS to +44•••••••56 was accepted by Twilio.').waitFor();
    await page.getByRole('heading', { name: 'Not sent' }).waitFor();
    await page.goto(`${pages.url}/traces?id=nothing`);
    await page.getByText('Nothing is known of “nothing”').waitFor();
    expect(new URL(page.url()).pathname).toBe('/traces/nothing');
  });

  it('shows together what companies have in common, and each alone', async () => {
    const another = { workspaceId: 'b & c', entityNumber: 'INV-0042', recordId: 'record-of-another' };
    addTrail();
    pages.data.add({ ...outcome('map', 'skipped', 0, another), what: 'of another' });
    await open('/traces/INV-0042');
    await page.getByText('In 2 workspaces; show only').waitFor();
    await page.getByRole('link', { name: 'b & c' }).click();
    await page.getByText('record-of-another').first().waitFor();
    expect(new URL(page.url()).search).toBe('?workspaceId=b%20%26%20c');
    expect(await page.getByText('show only').count()).toBe(0);
    expect(await page.getByText('record-1', { exact: true }).count()).toBe(0);
    await page.goto(`${pages.url}/traces/INV-0042?workspaceId=demo`);
    expect(await page.getByText('record-of-another').count()).toBe(0);
    expect(complaints).toEqual([]);
  });

  it('shows hostile text as text, in what the server wrote and in live lines', async () => {
    const hostile = { entityNumber: HOSTILE, recordId: 'record-9', flowId: HOSTILE, detail: HOSTILE };
    pages.data.add({ ...outcome('map', 'skipped', 0, hostile), what: 'first' });
    pages.data.connections = [connectionNamed(HOSTILE)];
    await open('/');
    pages.data.add({ ...outcome('map', 'skipped', 1, hostile), what: 'second' });
    await page.locator('#feed li').nth(1).waitFor();
    for (const text of await page.locator('#feed li').allTextContents()) expect(text).toContain(HOSTILE);
    for (const path of ['/traces/record-9', '/connections', `/traces/${encodeURIComponent(HOSTILE)}`]) {
      await page.goto(pages.url + path);
      expect(await page.locator('main').textContent()).toContain(HOSTILE);
      expect(await page.title()).toContain('Ledgerwire');
      expect(await page.locator('main script, main img').count()).toBe(0);
    }
  });

  it('shows which connection cannot refresh its token, and why', async () => {
    pages.data.connections = [{ ...connectionNamed('Demo Ltd'), status: 'active' }];
    await open('/connections');
    expect(await page.locator('main').textContent()).not.toContain('refresh-failing');
    const detail = 'The vendor cannot be reached';
    const told = { connectionId: 'xero-demo', detail, at: Date.now(), what: 'spell' };
    pages.data.add({ ...outcome('connect', 'refresh-failing', 0), ...told });
    await open('/connections');
    await page.getByText('refresh-failing').waitFor();
    await page.getByText(detail).waitFor();
  });

  it('applies a flow, and says line by line what is wrong with one', async () => {
    await open('/flows/xero-invoice-notices');
    const editor = page.getByLabel('Definition (YAML)');
    expect(await editor.inputValue()).toBe(FLOW);
    await editor.fill(FLOW.replace('when: invoice.issued', 'when: invoice.eaten'));
    await page.getByRole('button', { name: 'Check and apply' }).click();
    await page.getByText(/^Line \d+ \(steps\[0\]\.when\)/).waitFor();
    expect(pages.data.flows).toHaveLength(1);
    await editor.fill(FLOW.replace('notAfter: 2d', 'notAfter: 3d'));
    await page.getByRole('button', { name: 'Check and apply' }).click();
    await page.getByText('Version 2 is in force.').waitFor();
    expect(pages.data.flows[0]?.yaml).toContain('notAfter: 3d');
  });

  it('shows why a replay does not get on, and cancels it', async () => {
    pages.data.replays = [failingReplay()];
    await open('/replays');
    await page.getByText('failing', { exact: true }).waitFor();
    const main = (await page.locator('main').textContent()) ?? '';
    expect(main).toContain('the log is not available');
    expect(main.replace(/\s+/g, ' ')).toContain('failed 3 times, next try');
    await page.getByRole('button', { name: 'Cancel' }).click();
    await page.getByText('cancelled', { exact: true }).waitFor();
    expect(new URL(page.url()).pathname).toBe('/replays');
    expect(complaints).toEqual([]);
  });

  it.each([
    ['light', 360],
    ['light', 1_280],
    ['dark', 360],
    ['dark', 1_280],
  ] as const)(
    'can be read in %s at %i px: nothing sticks out, everything has a name and contrast',
    async (colorScheme, width) => {
      await context.close();
      context = await browser.newContext({ viewport: { width, height: 800 }, colorScheme });
      page = await newPage();
      addTrail();
      pages.data.connections = [
        connectionNamed('A company whose name is long enough to have to be broken somewhere'),
      ];
      pages.data.replays = [failingReplay()];
      for (const path of [
        '/',
        '/traces/INV-0042',
        '/flows',
        '/flows/xero-invoice-notices',
        '/connections',
        '/dead-letters',
        '/replays',
      ]) {
        await open(path);
        expect([path, await page.evaluate(judgeInPage)]).toEqual([path, []]);
      }
      expect(complaints).toEqual([]);
    },
  );
});

function failingReplay(): ReplayView {
  return {
    replayId: 'replay-1',
    topic: 'change-notices.xero',
    mode: 'dry-run',
    reason: 'a flow was mended',
    filter: {},
    spans: [],
    status: 'running',
    progress: 0.5,
    read: 10,
    replayed: 4,
    unanswered: 1,
    problem: 'the log is not available: it cannot be read (log-unavailable)',
    attempts: 3,
    nextTryAt: START + 60_000,
    createdAt: START,
    endedAt: null,
  };
}

function connectionNamed(displayName: string) {
  return {
    connectionId: 'xero-demo',
    workspaceId: 'demo',
    vendor: 'xero',
    accountId: 'tenant',
    displayName,
    status: 'needs-reauthorisation',
    timeZone: 'Europe/London',
    country: 'GB',
    currency: 'GBP',
    settings: {},
    updatedAt: START,
  };
}

/**
 * Runs in the page: what a reader would stumble over. Sideways scrolling (WCAG 2.2, 1.4.10), fields and buttons without a name
 * (4.1.2), not exactly one first heading, and text whose contrast is below 4.5 : 1 (1.4.3).
 */
const judgeInPage = `(() => {
  const found = [];
  if (document.documentElement.scrollWidth > innerWidth) found.push('scrolls sideways');
  if (document.querySelectorAll('h1').length !== 1) found.push('not one h1');
  for (const field of document.querySelectorAll('input:not([type=hidden]), textarea'))
    if (!field.labels?.length && !field.getAttribute('aria-label')) found.push('no label: ' + field.outerHTML);
  for (const button of document.querySelectorAll('button, a'))
    if (button.textContent.trim() === '') found.push('no name: ' + button.outerHTML);
  const channels = (color) => color.match(/[\\d.]+/g).map(Number);
  const luminance = ([r, g, b]) => [r, g, b]
    .map((value) => value / 255)
    .map((value) => (value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4))
    .reduce((sum, value, index) => sum + value * [0.2126, 0.7152, 0.0722][index], 0);
  const backgroundOf = (element) => {
    for (let at = element; at; at = at.parentElement) {
      const color = channels(getComputedStyle(at).backgroundColor);
      if (color.length === 3 || color[3] === 1) return color;
    }
    return [255, 255, 255];
  };
  for (const element of document.querySelectorAll('body *')) {
    const ownText = [...element.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim() !== '');
    if (!ownText || element.checkVisibility?.() === false || element.closest('.visually-hidden, .skip')) continue;
    const pair = [luminance(channels(getComputedStyle(element).color)), luminance(backgroundOf(element))].sort((a, b) => b - a);
    const contrast = (pair[0] + 0.05) / (pair[1] + 0.05);
    if (contrast < 4.5) found.push('contrast ' + contrast.toFixed(2) + ': ' + element.textContent.trim().slice(0, 40));
  }
  return found;
})()`;
