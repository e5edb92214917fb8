const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** The text with the five characters escaped that mean something in HTML text and quoted attributes. */
export function escapeHtml(text: string): string {
  return text.replaceAll(/[&<>"']/g, (character) => ENTITIES[character] ?? character);
}

/** A whole page in the sandbox's plain style. `body` is HTML. */
export function htmlPage(title: string, body: string): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(title)}</title>
<style>${STYLE}</style>
</head>
<body>
${body}
</body>
</html>`;
}

const STYLE = `
:root{color-scheme:light dark;--line:color-mix(in srgb,currentColor 15%,transparent);--soft:color-mix(in srgb,currentColor 60%,transparent)}
body{font:15px/1.5 system-ui,sans-serif;max-width:72rem;margin:2rem auto;padding:0 1rem}
h1{font-size:1.4rem;margin:0}h2{font-size:1.05rem;margin:2rem 0 .5rem}
p{color:var(--soft);margin:.25rem 0 1rem}
table{border-collapse:collapse;width:100%;font-size:.875rem}
th,td{text-align:left;padding:.35rem .75rem .35rem 0;border-bottom:1px solid var(--line);vertical-align:top}
th{font-weight:600;color:var(--soft)}
td.id,code{font-family:ui-monospace,monospace;font-size:.8rem}
.bad{color:#c2410c}.good{color:#15803d}
form{display:grid;gap:.75rem;max-width:28rem}label{display:flex;gap:.5rem;align-items:center}
button{font:inherit;padding:.4rem 1rem;border-radius:.4rem;border:1px solid var(--line);cursor:pointer}
button.main{background:#2563eb;color:#fff;border-color:#2563eb}
`;
