import type { Clock } from '#libs/core';
import { type BookChange, DELETED, type Entity, type EntityKind, WriteError } from './entity.js';
import { easternStamp, utcStamp } from './stamps.js';
import { writers } from './writers.js';

/** A business of FreshBooks with books. */
export interface Business {
  readonly accountId: string;
  readonly businessId: number;
  readonly businessUuid: string;
  readonly name: string;
  /** As FreshBooks writes it, e.g. `Canada`. */
  readonly country: string;
  readonly currency: string;
}

/** The books of one account: objects by kind, with FreshBooks' rules for writing them. */
export class AccountBooks {
  private readonly kinds = new Map<EntityKind, Map<number, Entity>>();
  private nextId = 1000;

  constructor(
    readonly business: Business,
    private readonly clock: Clock,
    private readonly onChange: (change: BookChange) => void,
  ) {}

  /** Calendar day of the account, in UTC. */
  today(): string {
    return new Date(this.clock.now()).toISOString().slice(0, 10);
  }

  all(kind: EntityKind): Entity[] {
    return [...this.table(kind).values()];
  }

  find(kind: EntityKind, id: number): Entity | undefined {
    return this.table(kind).get(id);
  }

  /** Ids begin there, so that two runs of the sandbox never give one id to two objects. */
  numberFrom(id: number): void {
    this.nextId = Math.max(this.nextId, id);
  }

  takeId(): number {
    this.nextId += 1;
    return this.nextId;
  }

  /** @throws WriteError as FreshBooks would refuse it. */
  create(kind: EntityKind, fields: Readonly<Record<string, unknown>>): Entity {
    const id = this.takeId();
    const entity: Entity = { id, vis_state: 0, ...writers[kind].create(this, id, fields) };
    this.table(kind).set(id, entity);
    this.touch(kind, entity, 'create');
    writers[kind].after?.(this, entity, 'create');
    return entity;
  }

  /** @throws WriteError as FreshBooks would refuse it. */
  update(kind: EntityKind, id: number, fields: Readonly<Record<string, unknown>>): Entity {
    const entity = this.find(kind, id);
    if (!entity) throw unknown(kind, id);
    const wasDeleted = entity.vis_state === DELETED;
    const { vis_state: visibility, ...rest } = fields;
    Object.assign(entity, writers[kind].update(this, entity, rest));
    if (typeof visibility === 'number') entity.vis_state = visibility;
    const isDeleted = entity.vis_state === DELETED && !wasDeleted;
    const verb = isDeleted ? 'delete' : fields['action_email'] === true ? 'sendByEmail' : 'update';
    this.touch(kind, entity, verb);
    writers[kind].after?.(this, entity, verb);
    return entity;
  }

  /** Stamps a change and tells of it. */
  touch(kind: EntityKind, entity: Entity, verb: string): void {
    const now = this.clock.now();
    const stamp = kind === 'bill' ? utcStamp(now) : easternStamp(now);
    const field = kind === 'bill' || kind === 'bill_vendor' ? 'updated_at' : 'updated';
    entity[field] = stamp;
    if (verb === 'create') entity['created_at'] = stamp;
    // FreshBooks has no event for payments of bills.
    if (kind === 'bill_payment') return;
    const { accountId } = this.business;
    this.onChange({ accountId, event: `${kind}.${verb}`, objectId: entity.id });
  }

  private table(kind: EntityKind): Map<number, Entity> {
    let table = this.kinds.get(kind);
    if (!table) this.kinds.set(kind, (table = new Map()));
    return table;
  }
}

/** errno 1012. */
export function unknown(kind: EntityKind, id: number): WriteError {
  const name = kind.charAt(0).toUpperCase() + kind.slice(1).replace('_', ' ');
  return new WriteError({
    errno: 1012,
    field: `${kind}id`,
    message: `${name} not found.`,
    object: kind,
    value: String(id),
  });
}
