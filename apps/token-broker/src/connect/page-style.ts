import { createHash } from 'node:crypto';

/** The pages' style sheet. Follows the browser's light or dark scheme; no fonts, scripts or images from anywhere. */
export const pageStyle = `
:root { color-scheme: light dark; --ink: #1c2430; --soft: #5b6675; --line: #d9dee5; --ground: #f4f6f8; --card: #fff; --accent: #0b6bcb; --on-accent: #fff; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e8ecf1; --soft: #9aa6b5; --line: #313a46; --ground: #12161c; --card: #1a2028; --accent: #5aa9f5; --on-accent: #0c1118; }
}
body { margin: 0; background: var(--ground); color: var(--ink); font: 16px/1.55 system-ui, sans-serif; }
main { box-sizing: border-box; max-width: 36rem; margin: 8vh auto; padding: 2rem 2.25rem; background: var(--card); border: 1px solid var(--line); border-radius: 12px; }
h1 { margin: 0 0 1rem; font-size: 1.45rem; line-height: 1.25; }
h2 { margin: 1.5rem 0 0.5rem; font-size: 1rem; }
p, li { color: var(--ink); }
ul { padding-left: 1.2rem; }
.soft { color: var(--soft); font-size: 0.92rem; }
.accounts { list-style: none; padding: 0; }
.accounts li { padding: 0.6rem 0.8rem; border: 1px solid var(--line); border-radius: 8px; margin-bottom: 0.5rem; }
.button { display: inline-block; margin-top: 0.75rem; padding: 0.7rem 1.3rem; border-radius: 8px; background: var(--accent); color: var(--on-accent); font-weight: 600; text-decoration: none; }
.button:focus-visible { outline: 3px solid var(--ink); outline-offset: 2px; }
code { font-size: 0.88em; }
`;

const styleHash = createHash('sha256').update(pageStyle).digest('base64');

/** Headers of every page: nothing is loaded, framed, cached or told to the next site. */
export const pageHeaders: Readonly<Record<string, string>> = {
  'content-type': 'text/html; charset=utf-8',
  'content-security-policy': `default-src 'none'; style-src 'sha256-${styleHash}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`,
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'cache-control': 'no-store',
};
