import type { ServerResponse } from 'node:http';
import { describe, expect, it } from 'vitest';
import { hastyClock, run } from '../testing/run.js';
import { ServiceDouble } from '../testing/service-double.js';

function outcome(position: number, over: Record<string, unknown> = {}): string {
  const data = {
    at: Date.parse('2026-11-21T08:00:00Z') + position,
    step: 'send',
    status: 'sent',
    sentence: `Message ${position} left.`,
    service: 'twilio-sender',
    vendor: 'xero',
    connectionId: 'c1',
    entityType: 'invoice',
    entityNumber: 'INV-1',
    flowId: 'f1',
    recipient: null,
    ...over,
  };
  return `id: ${position}\nevent: outcome\ndata: ${JSON.stringify(data)}\n\n`;
}

function stream(text: string, end: (response: ServerResponse) => void) {
  return (response: ServerResponse): void => {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.write(text, () => end(response));
  };
}

const goOn = (): void => undefined;
const breakOff = (response: ServerResponse): void => void response.destroy();

describe('tail', () => {
  it('shows what happens and goes on after the last event when the connection breaks', async () => {
    const console = await ServiceDouble.start({
      'GET /api/events': [
        stream(`retry: 10\n\n: still here\n\n${outcome(1)}${outcome(2)}id: 3\ndata: half`, breakOff),
        { status: 503, body: { message: 'restarting' } },
        stream(outcome(3) + outcome(4), goOn),
      ],
    });
    const { code, out, err } = await run(['tail', '--count', '4'], { console, clock: hastyClock() });
    expect(code).toBe(0);
    expect(out.trimEnd().split('\n')).toEqual([
      '08:00:00.001  send/sent           invoice INV-1  f1  Message 1 left.',
      '08:00:00.002  send/sent           invoice INV-1  f1  Message 2 left.',
      '08:00:00.003  send/sent           invoice INV-1  f1  Message 3 left.',
      '08:00:00.004  send/sent           invoice INV-1  f1  Message 4 left.',
    ]);
    expect(console.seen.map(({ headers }) => headers['last-event-id'])).toEqual([undefined, '2', '2']);
    expect(err).toContain('was lost');
    expect(err).toContain('is back');
  });

  it('narrows by status, flow and connection, and gives JSON lines', async () => {
    const events = [
      outcome(1, { status: 'parked' }),
      outcome(2, { flowId: 'other' }),
      outcome(3, { connectionId: null }),
      outcome(4),
    ];
    const console = await ServiceDouble.start({ 'GET /api/events': stream(events.join(''), goOn) });
    const words = ['tail', '--status', 'sent', '--status', 'failed', '--flow', 'f1', '--connection', 'c1'];
    const { out } = await run([...words, '--count', '1', '--json'], { console });
    expect(JSON.parse(out)).toMatchObject({ sentence: 'Message 4 left.' });
  });

  it('says at once when it cannot begin', async () => {
    const console = await ServiceDouble.start({ 'GET /api/events': { status: 401, body: {} } });
    const { code, err } = await run(['tail'], { console });
    expect(code).toBe(1);
    expect(err).toContain('refuses the token');
  });

  it('ends with Ctrl-C', async () => {
    const console = await ServiceDouble.start({ 'GET /api/events': stream(outcome(1), goOn) });
    const stopping = new AbortController();
    const { code } = await run(['tail'], {
      console,
      signal: stopping.signal,
      onOut: () => stopping.abort(),
    });
    expect([0, 130]).toContain(code);
  });
});
