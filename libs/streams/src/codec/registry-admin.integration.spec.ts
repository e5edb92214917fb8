import { randomBytes } from 'node:crypto';
import { describe, expect, inject, it } from 'vitest';
import { RegistryAdmin, type SubjectSpec } from './registry-admin.js';

const { registryUrl } = inject('infrastructure');
const admin = new RegistryAdmin({ url: registryUrl });

function spec(...fields: readonly object[]): SubjectSpec {
  return {
    subject: `spec-${randomBytes(6).toString('hex')}-value`,
    schema: JSON.stringify({ type: 'record', name: 'Thing', namespace: 'spec', fields }),
  };
}

const text = { name: 'text', type: 'string' };

describe('the registry admin', () => {
  it('registers a schema once, under the rule FULL_TRANSITIVE', async () => {
    const wanted = spec(text);
    expect(await admin.check(wanted)).toMatchObject({ state: 'missing', id: null });
    const registered = await admin.ensure(wanted);
    expect(registered.state).toBe('registered');
    expect(await admin.ensure(wanted)).toMatchObject({ state: 'present', id: registered.id });
    expect(await admin.check(wanted)).toMatchObject({ state: 'present', id: registered.id });
  });

  it('refuses a schema that is not compatible with any earlier one, and says what does not fit', async () => {
    const first = spec(text);
    const wider = { ...first, schema: spec(text, { name: 'count', type: 'int', default: 0 }).schema };
    const broken = { ...first, schema: spec(text, { name: 'count', type: 'string' }).schema };
    await admin.ensure(first);
    await admin.ensure(wider);
    expect(await admin.check(broken)).toMatchObject({ state: 'incompatible', id: null });
    const refused = await admin.ensure(broken);
    expect(refused).toMatchObject({ subject: first.subject, state: 'incompatible', id: null });
    expect(refused.detail).toMatch(/incompatible/i);
    expect((await admin.check(wider)).state).toBe('present');
  });

  it('sees when another rule is in force', async () => {
    const wanted = spec(text);
    await admin.ensure(wanted);
    await fetch(`${registryUrl}/config/${wanted.subject}`, {
      method: 'PUT',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ compatibility: 'NONE' }),
    });
    expect(await admin.check(wanted)).toMatchObject({
      state: 'rule-differs',
      detail: 'compatibility is NONE, FULL_TRANSITIVE is needed',
    });
    await admin.ensure(wanted);
    expect((await admin.check(wanted)).state).toBe('present');
  });

  it('says that the registry cannot be reached when nobody listens', async () => {
    const nobody = new RegistryAdmin({ url: 'http://127.0.0.1:1' });
    await expect(nobody.ping()).rejects.toMatchObject({ code: 'registry-unreachable', disposition: 'retry' });
    await admin.ping();
  });
});
