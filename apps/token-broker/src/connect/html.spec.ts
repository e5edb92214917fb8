import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { html } from './html.js';
import { pageHeaders } from './page-style.js';
import { endPage, linkPage } from './pages.js';
import { booksVendor } from '../testing/books-vendor.js';

test('texts cannot become markup, markup of ours stays', () => {
  const name = `<img src=x onerror="alert('1')">&`;
  const { markup } = html`<li title="${name}">${html`<b>${name}</b>`}</li>`;
  expect(markup).toBe(
    '<li title="&lt;img src=x onerror=&quot;alert(&#39;1&#39;)&quot;&gt;&amp;">' +
      '<b>&lt;img src=x onerror=&quot;alert(&#39;1&#39;)&quot;&gt;&amp;</b></li>',
  );
});

test("a company's name is shown as it is written", () => {
  const { body } = endPage(booksVendor(0), {
    kind: 'connected',
    connections: [],
    elsewhere: ['<script>A & B</script>'],
  });
  expect(body).toContain('&lt;script&gt;A &amp; B&lt;/script&gt;');
  expect(body).not.toContain('<script>');
});

test('the policy of the pages allows their style sheet and nothing else', () => {
  const [, style = ''] = /<style>([^]*)<\/style>/.exec(linkPage('link-missing').body) ?? [];
  const hash = createHash('sha256').update(style).digest('base64');
  expect(pageHeaders['content-security-policy']).toBe(
    `default-src 'none'; style-src 'sha256-${hash}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`,
  );
});
