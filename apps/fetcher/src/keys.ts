/** Lane of an entity's notices (by the type that the vendor is asked for) and key of its fingerprint (by its canonical type). */
export function entityKey(entity: {
  readonly connectionId: string;
  readonly entityType: string;
  readonly entityId: string;
}): string {
  return `${entity.connectionId}/${entity.entityType}/${entity.entityId}`;
}

/** Lane and store key of a contact's wishes: a STOP and a START keep their order. */
export function wishKey(wish: { readonly connectionId: string; readonly contactId: string }): string {
  return `${wish.connectionId}/wish/${wish.contactId}`;
}

/** Store key, timer key and lane of one poll: one connection's polls never wait for another's. */
export function pollKey(connectionId: string, entityType: string): string {
  return `${connectionId}/poll/${entityType}`;
}
