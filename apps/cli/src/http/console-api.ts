import {
  appliedAnswer,
  connectionsAnswer,
  deadLettersAnswer,
  flowAnswer,
  flowsAnswer,
  flowTestAnswer,
  parkedAccepted,
  parkedAnswer,
  replayAnswer,
  replayReportAnswer,
  replaysAnswer,
  requeueAnswer,
  summaryAnswer,
  traceAnswer,
  versionsAnswer,
} from './console-answers.js';
import { type ApiClient, ApiRefusal } from './api-client.js';

/** A filter; undefined = any. */
export type Filter = Readonly<Record<string, string | undefined>>;

/** The console's operator API. Each call is one request; it throws as `ApiClient.ask`. */
export class ConsoleApi {
  constructor(private readonly client: ApiClient) {}

  /** @param workspaceId undefined = of any */
  trace(id: string, workspaceId?: string) {
    return this.client.ask(`/api/traces/${encodeURIComponent(id)}`, traceAnswer, { query: { workspaceId } });
  }

  /** The live feed from after a position on; the newest when not given. */
  events(lastEventId: string | undefined): Promise<Response> {
    const headers = {
      accept: 'text/event-stream',
      ...(lastEventId === undefined ? {} : { 'last-event-id': lastEventId }),
    };
    return this.client.stream('/api/events', { headers });
  }

  async connections() {
    return (await this.client.ask('/api/connections', connectionsAnswer)).connections;
  }

  summary() {
    return this.client.ask('/api/summary', summaryAnswer);
  }

  async flows() {
    return (await this.client.ask('/api/flows', flowsAnswer)).flows;
  }

  flow(flowId: string) {
    return this.client.ask(`/api/flows/${encodeURIComponent(flowId)}`, flowAnswer);
  }

  /** undefined when there is no such flow. */
  async findFlow(flowId: string) {
    return this.flow(flowId).catch((error: unknown) => {
      if (error instanceof ApiRefusal && error.status === 404) return undefined;
      throw error;
    });
  }

  async flowVersions(flowId: string) {
    return (await this.client.ask(`/api/flows/${encodeURIComponent(flowId)}/versions`, versionsAnswer))
      .versions;
  }

  applyFlow(flowId: string, change: { yaml: string; enabled: boolean }, seenVersion: number) {
    return this.client.ask(`/api/flows/${encodeURIComponent(flowId)}`, appliedAnswer, {
      method: 'PUT',
      body: change,
      headers: { 'if-match': `"${seenVersion}"` },
    });
  }

  testFlow(yaml: string, recordId: string) {
    return this.client.ask('/api/flows/test', flowTestAnswer, { method: 'POST', body: { yaml, recordId } });
  }

  parked(filter: Filter, limit: number) {
    return this.client.ask('/api/parked', parkedAnswer, { query: { ...filter, limit } });
  }

  changeParked(change: {
    readonly service: string;
    readonly action: 'retry-now' | 'give-up';
    readonly reason: string;
    readonly connectionId?: string | undefined;
    readonly parkedReason?: string | undefined;
    readonly parkedKeys?: readonly string[] | undefined;
  }) {
    return this.client.ask('/api/parked', parkedAccepted, { method: 'POST', body: change });
  }

  async deadLetters(filter: Filter, limit: number) {
    return (await this.client.ask('/api/dead-letters', deadLettersAnswer, { query: { ...filter, limit } }))
      .deadLetters;
  }

  requeue(change: {
    readonly deadLetterIds?: readonly string[];
    readonly filter?: Filter;
    readonly limit?: number;
    readonly reason: string;
  }) {
    return this.client.ask('/api/dead-letters/requeue', requeueAnswer, { method: 'POST', body: change });
  }

  startReplay(change: {
    readonly topic: string;
    readonly mode: 'normal' | 'dry-run' | 'forced';
    readonly from: number;
    readonly to?: number | undefined;
    readonly filter: Filter;
    readonly reason: string;
  }) {
    return this.client.ask('/api/replays', replayAnswer, { method: 'POST', body: change });
  }

  async replays() {
    return (await this.client.ask('/api/replays', replaysAnswer)).replays;
  }

  replay(replayId: string) {
    return this.client.ask(`/api/replays/${encodeURIComponent(replayId)}`, replayReportAnswer);
  }

  cancelReplay(replayId: string) {
    return this.client.ask(`/api/replays/${encodeURIComponent(replayId)}/cancel`, replayReportAnswer, {
      method: 'POST',
    });
  }
}
