// @ts-check
/// <reference lib="dom" />
/* Everything here betters pages that already work: own time zone, live lines, keys, saving of flows. Text from the server only
   ever becomes text, never markup. */

const MAX_LINES = 300;
const SUMMARY_EVERY_MS = 10_000;
const RECONNECT_MS = 5_000;

showLocalTimes(document);
listenForKeys();
startLiveFeed();
startFlowEditor();

/** Shows every instant in the reader's own zone; UTC stays in the title. */
function showLocalTimes(root) {
  const sameDay = new Intl.DateTimeFormat(undefined, { timeStyle: 'medium' });
  const otherDay = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'medium' });
  for (const element of root.querySelectorAll('time[datetime]')) {
    const at = new Date(element.dateTime);
    if (Number.isNaN(at.getTime())) continue;
    element.title = `${at.toISOString().replace('T', ' ').replace('Z', '')} UTC`;
    const today = at.toDateString() === new Date().toDateString();
    element.textContent = (today ? sameDay : otherDay).format(at);
  }
}

/** `/` searches, j and k go through lines. */
function listenForKeys() {
  document.addEventListener('keydown', (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
    if (event.key === '/') {
      event.preventDefault();
      document.querySelector('#search')?.focus();
    } else if (event.key === 'j' || event.key === 'k') {
      moveFocus(event.key === 'j' ? 1 : -1);
    }
  });
}

function isTyping(target) {
  return (
    target instanceof HTMLElement &&
    (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName))
  );
}

function moveFocus(by) {
  const lines = [...document.querySelectorAll('a.feed-row')].filter((line) => line.offsetParent !== null);
  const at = lines.indexOf(document.activeElement);
  lines[Math.min(Math.max(at + by, 0), lines.length - 1)]?.focus();
}

function startLiveFeed() {
  const feed = document.querySelector('#feed');
  const state = document.querySelector('#live');
  const pause = document.querySelector('#pause');
  const filter = document.querySelector('#feed-filter');
  if (!feed || !state || !pause || !filter) return;
  let waiting = [];
  let paused = false;

  const show = (outcomes) => {
    for (const outcome of outcomes) {
      if (feed.querySelector(`[data-position="${Number(outcome.position)}"]`)) continue;
      feed.prepend(feedLine(outcome));
    }
    while (feed.children.length > MAX_LINES) feed.lastElementChild?.remove();
    document.querySelector('#feed-empty')?.toggleAttribute('hidden', feed.children.length > 0);
    applyFilter();
  };
  const applyFilter = () => {
    const wanted = filter.value.trim().toLowerCase();
    for (const line of feed.children)
      line.hidden = wanted !== '' && !line.textContent.toLowerCase().includes(wanted);
  };
  const tell = (word, text) => {
    state.dataset.state = word;
    state.textContent = text;
  };

  filter.addEventListener('input', applyFilter);
  pause.addEventListener('click', () => {
    paused = !paused;
    pause.setAttribute('aria-pressed', String(paused));
    pause.textContent = paused ? 'Go on' : 'Pause';
    if (paused) {
      tell('paused', 'paused');
    } else {
      tell('live', 'live');
      show(waiting);
      waiting = [];
    }
  });

  let position = Number(feed.dataset.position);
  const connect = () => {
    // What happened since the page was made, or since the connection was lost, comes first.
    const events = new EventSource(`/api/events?after=${position}`);
    events.addEventListener('open', () => tell(paused ? 'paused' : 'live', paused ? 'paused' : 'live'));
    events.addEventListener('error', () => {
      tell('connecting', 'reconnecting…');
      // After an error status the browser gives up for good.
      if (events.readyState === EventSource.CLOSED) setTimeout(connect, RECONNECT_MS);
    });
    events.addEventListener('outcome', (event) => {
      const outcome = JSON.parse(event.data);
      position = Math.max(position, outcome.position);
      if (paused) {
        waiting = [...waiting, outcome].slice(-MAX_LINES);
        tell('paused', `paused, ${waiting.length} new`);
      } else {
        show([outcome]);
      }
    });
  };
  connect();
  setInterval(refreshTiles, SUMMARY_EVERY_MS);
}

/** The same line as the server's `feedRow`. */
function feedLine(outcome) {
  const key =
    outcome.commandId ??
    outcome.recordId ??
    outcome.messageSid ??
    outcome.noticeIds[0] ??
    outcome.webhookIds[0] ??
    outcome.entityId;
  const row = document.createElement(key ? 'a' : 'span');
  row.className = 'feed-row';
  if (key) row.href = `/traces/${encodeURIComponent(key)}`;
  const dot = element('span', 'dot', '');
  dot.dataset.tone = outcome.tone;
  dot.setAttribute('aria-hidden', 'true');
  const meta = [outcome.step, outcome.status, outcome.entityNumber, outcome.flowId]
    .filter(Boolean)
    .join(' · ');
  const text = element('span', 'feed-text', `${outcome.sentence} `);
  text.append(element('span', 'meta', meta));
  const time = element('span', 'feed-time', '');
  const instant = document.createElement('time');
  instant.dateTime = new Date(outcome.at).toISOString();
  time.append(instant);
  row.append(dot, text, time);
  const line = element('li', 'fresh', '');
  line.dataset.position = String(outcome.position);
  line.append(row);
  showLocalTimes(line);
  return line;
}

function element(name, className, text) {
  const made = document.createElement(name);
  made.className = className;
  made.textContent = text;
  return made;
}

async function refreshTiles() {
  if (document.hidden) return;
  const response = await fetch('/api/summary').catch(() => undefined);
  if (!response?.ok) return;
  const { counts } = await response.json();
  for (const tile of document.querySelectorAll('.tile')) {
    const of = new Set((tile.dataset.of ?? '').split(' '));
    const count = counts
      .filter(({ step, status }) => of.has(`${step}/${status}`))
      .reduce((sum, one) => sum + one.count, 0);
    tile.querySelector('.tile-count').textContent = String(count);
    tile.dataset.tone = count > 0 ? tile.dataset.toneWhenSome : 'none';
  }
}

function startFlowEditor() {
  const form = document.querySelector('#flow-editor');
  if (!form) return;
  const status = document.querySelector('#flow-status');
  const problems = document.querySelector('#flow-problems');
  const button = form.querySelector('button[type="submit"]');

  form.addEventListener('submit', (event) => {
    event.preventDefault();
    void save();
  });

  async function save() {
    const yaml = form.elements.yaml.value;
    const flowId = form.dataset.flow || /^id:\s*['"]?([\w.-]+)/m.exec(yaml)?.[1];
    problems.hidden = true;
    if (!flowId) {
      showProblems([{ line: 1, message: 'the definition has no id' }]);
      return;
    }
    status.textContent = 'checking…';
    button.disabled = true;
    try {
      const response = await fetch(`/api/flows/${encodeURIComponent(flowId)}`, {
        method: 'PUT',
        headers: { 'content-type': 'application/json', 'if-match': `"${form.dataset.version}"` },
        body: JSON.stringify({ yaml, enabled: form.elements.enabled.checked }),
      });
      await showAnswer(response, flowId);
    } catch {
      status.textContent = 'The console cannot be reached.';
    } finally {
      button.disabled = false;
    }
  }

  async function showAnswer(response, flowId) {
    const answer = await response.json();
    if (response.ok) {
      const warnings = [
        ...answer.warnings,
        ...(answer.published ? [] : ['Stored; services get it when the log is back.']),
      ];
      status.textContent = `Version ${answer.flow.version} is in force.`;
      form.dataset.flow = answer.flow.flowId;
      form.dataset.version = String(answer.flow.version);
      if (warnings.length > 0) showProblems(warnings.map((message) => ({ message })));
      else location.assign(`/flows/${encodeURIComponent(flowId)}`);
    } else {
      status.textContent = answer.problems ? 'Nothing was changed.' : '';
      showProblems(answer.problems ?? [{ message: [answer.message].flat().join('; ') }]);
    }
  }

  function showProblems(list) {
    problems.replaceChildren(
      ...list.map(({ line, path, message }) =>
        element('li', '', `${line ? `Line ${line}${path ? ` (${path})` : ''}: ` : ''}${message}`),
      ),
    );
    problems.hidden = false;
  }
}
