import type { FlowVersion } from '#libs/persistence';
import { chip, emptyState } from '../components.js';
import { instant, plural } from '../format.js';
import { html, type Html } from '../html.js';
import { page } from '../layout.js';
import { table } from './lists.pages.js';

/** Every flow in its version in force. */
export function flowsPage(flows: readonly FlowVersion[]): string {
  return page({
    title: 'Flows',
    section: 'flows',
    body: html`<div class="page-head with-action">
        <div>
          <h1>Flows</h1>
          <p class="lead">What becomes a message, for whom, and when.</p>
        </div>
        <a class="button" href="/flows/new">New flow</a>
      </div>
      ${
        flows.length === 0
          ? emptyState(
              'There are no flows yet',
              'A flow says which events become which messages. Begin with one of the files in flows/.',
            )
          : table(
              ['Flow', 'State', 'From', 'To', 'Version', 'Applied'],
              flows.map((flow) => [
                html`<a href="/flows/${encodeURIComponent(flow.flowId)}"><strong>${flow.flowId}</strong></a>`,
                flow.enabled ? chip('on', 'good') : chip('off', 'stopped'),
                html`<code>${flow.sourceConnectionId}</code>`,
                html`<code>${flow.targetConnectionId}</code>`,
                html`${flow.version}`,
                instant(flow.appliedAt),
              ]),
            )
      }`,
  });
}

/** One flow: its definition to change, and its history. */
export function flowPage(versions: readonly FlowVersion[]): string {
  const [current] = versions;
  if (!current) return newFlowPage();
  return page({
    title: current.flowId,
    section: 'flows',
    body: html`<div class="page-head">
        <p class="eyebrow"><a href="/flows">Flows</a></p>
        <h1>${current.flowId} ${current.enabled ? chip('on', 'good') : chip('off', 'stopped')}</h1>
        <p class="lead">
          Version ${current.version}, applied ${instant(current.appliedAt)} · ${current.sourceConnectionId} →
          ${current.targetConnectionId}
        </p>
      </div>
      ${editor({ flowId: current.flowId, version: current.version, yaml: current.yaml, enabled: current.enabled })}
      <section>
        <h2>History</h2>
        <p class="meta-line">${plural(versions.length, 'version')}</p>
        ${versions.map(
          (version) =>
            html`<details class="card">
              <summary>
                Version ${version.version} · ${instant(version.appliedAt)}${!version.enabled && html` · off`}
              </summary>
              <pre class="yaml">${version.yaml}</pre>
            </details>`,
        )}
      </section>`,
  });
}

/** The form for a flow that does not exist yet. */
export function newFlowPage(): string {
  return page({
    title: 'New flow',
    section: 'flows',
    body: html`<div class="page-head">
        <p class="eyebrow"><a href="/flows">Flows</a></p>
        <h1>New flow</h1>
        <p class="lead">Paste a definition; its id becomes the flow's.</p>
      </div>
      ${editor({ flowId: '', version: 0, yaml: '', enabled: true })}`,
  });
}

interface EditorContent {
  readonly flowId: string;
  readonly version: number;
  readonly yaml: string;
  readonly enabled: boolean;
}

/** Saved by `console.js` through the API, with the version that was read, so that nobody overwrites what they have not seen. */
function editor(content: EditorContent): Html {
  return html`<form
    class="editor card"
    id="flow-editor"
    data-flow="${content.flowId}"
    data-version="${content.version}"
  >
    <label for="flow-yaml">Definition (YAML)</label>
    <textarea id="flow-yaml" name="yaml" spellcheck="false" autocomplete="off" rows="24" required>
${content.yaml}</textarea>
    <div class="editor-actions">
      <label class="check"
        ><input type="checkbox" name="enabled" ${content.enabled && html` checked`} /> Switched on</label
      >
      <span id="flow-status" role="status"></span>
      <button type="submit">Check and apply</button>
    </div>
    <ul id="flow-problems" class="problems" hidden></ul>
    <noscript
      ><p class="problem">Saving needs JavaScript; PUT /api/flows/&lt;id&gt; does the same.</p></noscript
    >
  </form>`;
}
