/** One server-sent event. */
export interface StreamEvent {
  readonly id: string;
  readonly name: string;
  readonly data: string;
}

/** What came last; a reader that comes back says it. */
export interface StreamPosition {
  lastEventId: string | undefined;
  /** What the server asks for between two connections, milliseconds. */
  retryMs: number;
}

/** A longer line is no event of ours. */
const MAX_BUFFER = 4_000_000;

/**
 * Reads a body as server-sent events (WHATWG HTML, "Server-sent events", 9.2.6). The position grows with each whole event.
 * @throws the error of the connection, and when a line never ends.
 */
export async function* readEvents(
  body: AsyncIterable<Uint8Array>,
  position: StreamPosition,
): AsyncGenerator<StreamEvent> {
  const decoder = new TextDecoder();
  let buffer = '';
  let fields = new Map<string, string>();
  for await (const portion of body) {
    buffer += decoder.decode(portion, { stream: true });
    // A carriage return at the end may be half of a line break.
    const lines = buffer.split(/\r\n|\n|\r(?=[^])/);
    buffer = lines.pop() ?? '';
    if (buffer.length > MAX_BUFFER) throw new Error('the stream of events holds a line without end');
    for (const line of lines) {
      if (line !== '') {
        readField(line, fields, position);
        continue;
      }
      const data = fields.get('data');
      const id = fields.get('id') ?? position.lastEventId ?? '';
      if (id !== '') position.lastEventId = id;
      if (data !== undefined) yield { id, name: fields.get('event') ?? 'message', data };
      fields = new Map();
    }
  }
}

function readField(line: string, fields: Map<string, string>, position: StreamPosition): void {
  const [, name = '', value = ''] = /^([^:]*)(?:: ?([^]*))?$/.exec(line) ?? [];
  if (name === 'data') fields.set('data', fields.has('data') ? `${fields.get('data')}\n${value}` : value);
  else if (name === 'retry' && /^\d{1,6}$/.test(value)) position.retryMs = Number(value);
  else if (name === 'id' || name === 'event') fields.set(name, value);
}
