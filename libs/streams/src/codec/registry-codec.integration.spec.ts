import { randomBytes } from 'node:crypto';
import { describe, expect, inject, it } from 'vitest';
import { encodeValue, schemaOf, subjectOf, type Topic } from '#libs/contracts';
import { systemClock } from '#libs/core';
import { RegistryAdmin } from './registry-admin.js';
import { RegistryCodec } from './registry-codec.js';
import { frame, WIRE_HEADER_BYTES } from './wire-format.js';

const { registryUrl } = inject('infrastructure');
const admin = new RegistryAdmin({ url: registryUrl });

interface Amount {
  readonly id: string;
  readonly amount: string;
  readonly day: string | null;
}

/** A topic of its own whose schema has a decimal and a date, the types that a plain reader gets wrong. */
function topicOf(name: string, ...more: readonly object[]): Topic<Amount> {
  return {
    name,
    key: 'id',
    policy: { kind: 'compact' },
    partitions: 'single',
    schema: schemaOf<Amount>({
      type: 'record',
      name: 'Amount',
      namespace: 'spec',
      fields: [
        { name: 'id', type: 'string' },
        { name: 'amount', type: { type: 'bytes', logicalType: 'decimal', precision: 18, scale: 4 } },
        { name: 'day', type: ['null', { type: 'int', logicalType: 'date' }], default: null },
        ...more,
      ],
    }),
  };
}

const value: Amount = { id: 'a', amount: '12.5', day: '2026-11-21' };

describe('the registry codec', () => {
  it('reads what another service wrote, whose schema it learns from the registry', async () => {
    const topic = topicOf(`spec-${randomBytes(6).toString('hex')}`);
    await admin.ensure({ subject: subjectOf(topic), schema: topic.schema.json });
    const writer = new RegistryCodec({ url: registryUrl }, systemClock);
    await writer.warm([topic]);
    const bytes = writer.encode(topic, value);
    const reader = new RegistryCodec({ url: registryUrl }, systemClock);
    expect(reader.knows(bytes)).toBe(false);
    await reader.learn(bytes);
    expect(reader.knows(bytes)).toBe(true);
    expect(reader.decode(topic.schema, bytes)).toEqual(value);
  });

  it('reads what an older build wrote, with the defaults of what came since', async () => {
    const name = `spec-${randomBytes(6).toString('hex')}`;
    const older = topicOf(name);
    const newer = topicOf(name, { name: 'note', type: ['null', 'string'], default: null });
    const { id } = await admin.ensure({ subject: subjectOf(older), schema: older.schema.json });
    await admin.ensure({ subject: subjectOf(newer), schema: newer.schema.json });
    const bytes = frame(id ?? 0, encodeValue(older.schema, value, WIRE_HEADER_BYTES));
    const reader = new RegistryCodec({ url: registryUrl }, systemClock);
    await reader.warm([newer]);
    await reader.learn(bytes);
    expect(reader.decode(newer.schema, bytes)).toEqual({ ...value, note: null });
  });

  it('reads several versions of one type side by side, as in a rolling upgrade', async () => {
    const name = `spec-${randomBytes(6).toString('hex')}`;
    const topic = topicOf(name, { name: 'note', type: ['null', 'string'], default: null });
    const reader = new RegistryCodec({ url: registryUrl }, systemClock);
    for (const version of [topicOf(name), topic]) {
      const { id } = await admin.ensure({ subject: subjectOf(version), schema: version.schema.json });
      const written = { ...value, note: null };
      const bytes = frame(id ?? 0, encodeValue(version.schema, written, WIRE_HEADER_BYTES));
      await reader.learn(bytes);
      expect(reader.decode(topic.schema, bytes)).toEqual({ ...value, note: null });
    }
  });

  it('says so when the registry has no such schema', async () => {
    const reader = new RegistryCodec({ url: registryUrl }, systemClock);
    await expect(
      reader.learn(frame(2_000_000_000, Buffer.alloc(WIRE_HEADER_BYTES + 1))),
    ).rejects.toMatchObject({
      code: 'unknown-schema',
      disposition: 'dead-letter',
    });
  });
});
