import { describe, expect, it } from 'vitest';
import { stateTopics, topics } from '#libs/contracts';
import { replicationOf, topicPlan } from './topic-plan.js';

const plan = topicPlan({ vendors: ['alpha', 'beta'], chainPartitions: 6, minInsyncReplicas: 2 });

function specOf(name: string) {
  return plan.find((spec) => spec.name === name);
}

describe('the plan of topics', () => {
  it('has every topic of the catalogue once, and notices and stores for each vendor', () => {
    const names = plan.map((spec) => spec.name);
    expect(new Set(names).size).toBe(names.length);
    const { changeNotices: _notices, contactWishes: _wishes, ...shared } = topics;
    for (const topic of Object.values(shared)) expect(names).toContain(topic.name);
    for (const topic of stateTopics(['alpha', 'beta'])) expect(names).toContain(topic.name);
    expect(names).toContain('change-notices.alpha');
    expect(names).toContain('change-notices.beta');
    expect(names).toContain('contact-wishes.beta');
    expect(names.some((name) => name.includes('*'))).toBe(false);
  });

  it('gives every topic of the chain the same number of partitions, and tables one', () => {
    expect(specOf('records')?.partitions).toBe(6);
    expect(specOf('mapper.commands')?.partitions).toBe(6);
    expect(specOf('connections')?.partitions).toBe(1);
    expect(specOf('flows')?.partitions).toBe(1);
  });

  it('takes the time of records from the broker, so that a wrong clock costs none of them', () => {
    const types = plan.map(({ config }) => config['message.timestamp.type']);
    expect(new Set(types)).toEqual(new Set(['LogAppendTime']));
  });

  it('deletes what has had its time and compacts state', () => {
    expect(specOf('records')?.config).toMatchObject({
      'cleanup.policy': 'delete',
      'retention.ms': String(30 * 86_400_000),
      'min.insync.replicas': '2',
    });
    expect(specOf('outcomes')?.config['retention.ms']).toBe(String(90 * 86_400_000));
    expect(specOf('mapper.commands')?.config['cleanup.policy']).toBe('compact');
    expect(specOf('mapper.commands')?.config['retention.ms']).toBeUndefined();
  });
});

describe('replication', () => {
  it('is three copies with two acknowledged where the cluster has three brokers', () => {
    expect(replicationOf({}, 5)).toEqual({ replicationFactor: 3, minInsyncReplicas: 2 });
    expect(replicationOf({}, 1)).toEqual({ replicationFactor: 1, minInsyncReplicas: 1 });
  });

  it('is what the operator says', () => {
    expect(replicationOf({ replicationFactor: 2, minInsyncReplicas: 1 }, 5)).toEqual({
      replicationFactor: 2,
      minInsyncReplicas: 1,
    });
  });
});
