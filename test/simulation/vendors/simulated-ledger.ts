import type { SimulatedProcess, SimulatedWorld } from '#libs/streams';
import type { HttpTransport, VendorResponse } from '#libs/vendor-kit';
import { BOOKS_LIMITS, type BookedEntity, type BooksAnswer, PAGE_SIZE } from './books-vendor.js';
import { jsonAnswer, type ServedRequest, transportTo, type VendorServer } from './vendor-network.js';

/** What changed in the books, for whoever sends the notices. */
export interface BooksChange {
  readonly accountId: string;
  readonly entity: BookedEntity;
  readonly created: boolean;
}

type NewState = Pick<BookedEntity, 'type' | 'id'> & Partial<BookedEntity>;

/** How often the books themselves fail. */
const FAULTS = { tooMany: 0.03, failed: 0.03, worksLong: 0.02 };
const RETRY_AFTER_S = 3;
const MINUTE = 60_000;

/**
 * The books of two companies: the truth that the fetcher reads. A request is answered with the state at the moment at which it
 * was served, often a good while later, so that answers are old when they come.
 */
export class SimulatedLedger implements VendorServer {
  readonly name = 'books';
  /** Until then every request fails. */
  awayUntil = 0;
  onChange: (change: BooksChange) => void = () => undefined;
  private readonly entities = new Map<string, BookedEntity>();
  private lastVersion = 0;

  constructor(private readonly world: SimulatedWorld) {}

  /** Everything that the books of an account have. */
  of(accountId: string): BookedEntity[] {
    const prefix = `${accountId}/`;
    return [...this.entities].flatMap(([key, entity]) => (key.startsWith(prefix) ? [entity] : []));
  }

  find(accountId: string, type: string, id: string): BookedEntity | undefined {
    return this.entities.get(keyOf(accountId, type, id));
  }

  /** Creates or changes an entity; its version is the time, and no two are the same. */
  change(accountId: string, state: NewState): void {
    const key = keyOf(accountId, state.type, state.id);
    const former = this.entities.get(key);
    this.lastVersion = Math.max(this.lastVersion + 1, this.world.queue.now);
    const entity = {
      contactId: null,
      invoiceId: null,
      payments: [],
      ...former,
      ...state,
      version: this.lastVersion,
    };
    this.entities.set(key, entity);
    this.world.history.note('books', () => `${key} is now version ${entity.version}`);
    this.onChange({ accountId, entity, created: !former });
  }

  async serve(request: ServedRequest): Promise<VendorResponse> {
    const { chance, queue } = this.world;
    if (queue.now < this.awayUntil) return jsonAnswer(503, {});
    if (chance.strikesHere('books 429', FAULTS.tooMany))
      return jsonAnswer(429, {}, { 'retry-after': String(RETRY_AFTER_S) });
    if (chance.strikesHere('books 500', FAULTS.failed)) return jsonAnswer(500, {});
    const answer = jsonAnswer(200, this.read(request));
    const long = chance.strikesHere('books work long', FAULTS.worksLong);
    const takesMs = long ? chance.between(5_000, 30_000) : chance.between(1, 400);
    await new Promise<void>((resolve) => void queue.schedule(takesMs, resolve));
    return answer;
  }

  private read({ url }: ServedRequest): BooksAnswer {
    const { pathname, searchParams } = new URL(url);
    const [, accountId = '', type = ''] = pathname.split('/');
    const ids = searchParams.get('ids')?.split(',');
    if (ids) {
      const entities = ids.flatMap((id) => this.find(accountId, type, id) ?? []);
      return { entities, more: false };
    }
    const since = Number(searchParams.get('since'));
    const changed = this.of(accountId)
      .filter((entity) => entity.type === type && entity.version > since)
      .sort((a, b) => a.version - b.version);
    return { entities: changed.slice(0, PAGE_SIZE), more: changed.length > PAGE_SIZE };
  }
}

/**
 * The transport of one process to the books, which watches that the process keeps the limits that the vendor has told: calls in
 * flight, calls in any minute, and silence after a 429.
 */
export function watchedTransport(
  ledger: SimulatedLedger,
  process: SimulatedProcess,
  world: SimulatedWorld,
): HttpTransport {
  const transport = transportTo(ledger, process);
  const accounts = new Map<string, { inFlight: number; sentAt: number[]; silentUntil: number }>();
  return {
    send: async (request) => {
      const accountId = new URL(request.url).pathname.split('/')[1] ?? '';
      const account = accounts.get(accountId) ?? { inFlight: 0, sentAt: [], silentUntil: 0 };
      accounts.set(accountId, account);
      const { now } = world.queue;
      const who = `${process.name} on ${accountId}`;
      account.sentAt = [...account.sentAt.filter((at) => at > now - MINUTE), now];
      account.inFlight += 1;
      if (account.inFlight > BOOKS_LIMITS.concurrent)
        world.violated(`${who} has ${account.inFlight} calls in flight`);
      if (account.sentAt.length > BOOKS_LIMITS.perMinute)
        world.violated(`${who} made ${account.sentAt.length} calls in a minute`);
      if (now < account.silentUntil) world.violated(`${who} calls although it was told to wait`);
      try {
        const response = await transport.send(request);
        if (response.status === 429) account.silentUntil = world.queue.now + RETRY_AFTER_S * 1_000;
        return response;
      } finally {
        account.inFlight -= 1;
      }
    },
    close: () => transport.close(),
  };
}

function keyOf(accountId: string, type: string, id: string): string {
  return `${accountId}/${type}/${id}`;
}
