import { Registry } from 'prom-client';
import {
  type AccountingRecord,
  type ChangeNotice,
  changeNoticesOf,
  type Connection,
  type ContactCommand,
  type FlowDefinition,
  mapperStores,
  type MessageCommand,
  type Outcome,
  topics,
} from '#libs/contracts';
import { ManualClock } from '#libs/core';
import { InlineRenderer, SAMPLE_NOW, sampleSource, sampleTarget, type TemplateRenderer } from '#libs/flows';
import { PipelineDriver } from '#libs/streams';
import { FlowBook } from '../flow-book.js';
import { MapperMetrics } from '../mapper.metrics.js';
import { MapperPipeline } from '../mapper.pipeline.js';
import { defaultMapperSettings, type MapperTools } from '../mapper-tools.js';
import { TestTable } from './test-table.js';

/** Steps of a flow that tells customers by SMS of new invoices. */
export const issuedStep = `
  - id: issued
    when: invoice.issued
    to: customer
    channel: sms
    template: 'Invoice {{ invoice.number }} over {{ invoice.amountDue }} for {{ contact.name }}'`;

/** Steps of a flow that confirms payments. */
export const paymentStep = `
  - id: thanks
    when: payment.received
    to: customer
    channel: sms
    template: 'Thank you for {{ payment.amount }} on {{ invoice.number }}'`;

/** Steps of a flow that reminds three and ten days after the due date. */
export const overdueStep = `
  - id: overdue
    when: invoice.overdue
    days: [3, 10]
    at: '09:00'
    to: customer
    channel: sms
    template: 'Please pay {{ invoice.number }}: {{ invoice.amountDue }}'`;

/** The mapper on a simulated task. */
export class MapperBench {
  readonly clock = new ManualClock(SAMPLE_NOW);
  readonly registry = new Registry();
  readonly connections = new Map<string, Connection>([
    [sampleSource.connectionId, sampleSource],
    [sampleTarget.connectionId, sampleTarget],
  ]);
  private readonly flows = new TestTable<FlowDefinition>();
  private running: PipelineDriver | undefined;

  /** @param head what stands above the steps, e.g. quiet hours. */
  static async start(
    steps: readonly string[] = [],
    renderer?: TemplateRenderer,
    head = '',
  ): Promise<MapperBench> {
    const bench = new MapperBench();
    if (steps.length > 0 || head !== '') bench.applyFlow(steps, {}, head);
    bench.running = await PipelineDriver.start({
      service: 'mapper',
      handlers: [new MapperPipeline(bench.tools(renderer ?? new InlineRenderer()))],
      clock: bench.clock,
    });
    return bench;
  }

  get driver(): PipelineDriver {
    if (!this.running) throw new Error('not started');
    return this.running;
  }

  /** Applies a flow as an operator would. */
  applyFlow(steps: readonly string[], changes: Partial<FlowDefinition> = {}, head = ''): void {
    const flowId = changes.flowId ?? 'invoices';
    const workspaceId = changes.workspaceId ?? sampleSource.workspaceId;
    const source = changes.sourceConnectionId ?? sampleSource.connectionId;
    const yaml = `apiVersion: ledgerwire/v1
id: ${flowId}
name: Test flow
workspace: ${workspaceId}
source: ${source}
target: ${sampleTarget.connectionId}${head === '' ? '' : `\n${head}`}
steps:${steps.length === 0 ? ' []' : steps.join('')}
`;
    this.flows.set(flowId, {
      flowId,
      workspaceId: sampleSource.workspaceId,
      version: (this.flows.get(flowId)?.version ?? 0) + 1,
      enabled: true,
      sourceConnectionId: sampleSource.connectionId,
      targetConnectionId: sampleTarget.connectionId,
      yaml,
      updatedAt: this.clock.now(),
      ...changes,
    });
  }

  /** Hands records to the mapper, in order, and waits for what comes of them. */
  async take(...records: readonly AccountingRecord[]): Promise<void> {
    for (const record of records) this.driver.send(topics.records, record.connectionId, record);
    await this.settle();
  }

  /** Waits until everything is handled. @throws what ended the service, if something did. */
  async settle(): Promise<void> {
    // A question about the daily cap, and its answer.
    for (let hop = 0; hop < 2; hop += 1) await this.driver.readOwn();
    if (this.driver.fatalError) throw this.driver.fatalError;
  }

  async pass(ms: number): Promise<void> {
    await this.driver.advance(ms);
    await this.settle();
  }

  /** Lets time pass until the given instant. */
  async passUntil(instant: number): Promise<void> {
    await this.pass(instant - this.clock.now());
  }

  messages(): MessageCommand[] {
    return this.driver.sent(topics.messages);
  }

  bodies(): string[] {
    return this.messages().map(({ body }) => body);
  }

  /** What the mapper asked of the fetcher. */
  questions(): ChangeNotice[] {
    return this.driver.sent(changeNoticesOf('xero'));
  }

  outcomes(): Outcome[] {
    return this.driver.sent(topics.outcomes);
  }

  trail(): string[] {
    return this.outcomes().map(({ status, reason }) => (reason === null ? status : `${status}/${reason}`));
  }

  /** What was told the contacts at Twilio. */
  contacts(): ContactCommand[] {
    return this.driver.sent(topics.contacts);
  }

  entity(entityType: string, entityId: string): AccountingRecord | undefined {
    return this.driver.stored(
      mapperStores.entities,
      `${sampleSource.connectionId}/${entityType}/${entityId}`,
    );
  }

  private tools(renderer: TemplateRenderer): MapperTools {
    const flows = new FlowBook(this.flows);
    return {
      flows,
      connections: this.connections,
      renderer,
      measureOf: () => (text) => ({ encoding: 'GSM-7', units: text.length, segments: 1 }),
      settings: defaultMapperSettings,
      metrics: new MapperMetrics(this.registry, () => flows.brokenCount()),
    };
  }
}
