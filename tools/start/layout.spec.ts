import { describe, expect, test } from 'vitest';
import { services } from '../services.ts';
import {
  infrastructurePorts,
  parseScale,
  planInstances,
  portBase,
  portClaims,
  serviceUrls,
} from './layout.ts';

describe('the port base', () => {
  test('is 4400 unless LEDGERWIRE_PORT_BASE moves it', () => {
    expect(portBase({})).toBe(4400);
    expect(portBase({ LEDGERWIRE_PORT_BASE: '' })).toBe(4400);
    expect(portBase({ LEDGERWIRE_PORT_BASE: '5400' })).toBe(5400);
  });

  test.each(['80', '65000', 'high', '5400.5'])('refuses %s and names the variable', (value) => {
    expect(() => portBase({ LEDGERWIRE_PORT_BASE: value })).toThrow(`LEDGERWIRE_PORT_BASE is "${value}"`);
  });
});

describe('the scale', () => {
  test('is one of each service unless told otherwise', () => {
    expect(new Set(Object.values(parseScale([])))).toEqual(new Set([1]));
  });

  test('takes several services in one option or in several options', () => {
    expect(parseScale(['fetcher=2,mapper=3'])).toEqual(parseScale(['fetcher=2', 'mapper=3']));
    expect(parseScale(['fetcher=2,mapper=0'])).toMatchObject({ fetcher: 2, mapper: 0, ingress: 1 });
  });

  test.each(['fetchr=2', 'fetcher', 'fetcher=-1', 'fetcher=two', 'fetcher=10', 'sandbox=2'])(
    'refuses %s',
    (text) => {
      expect(() => parseScale([text])).toThrow('--scale');
    },
  );
});

describe('the plan of ports', () => {
  test('gives every process a port of its own, however much a service is scaled', () => {
    const most = services.map((service) => `${service.name}=${service.maxInstances}`);
    const claims = portClaims(4400, planInstances(4400, parseScale(most)));
    expect(new Set(claims.map(({ port }) => port)).size).toBe(claims.length);
  });

  test('moves as a whole with the base', () => {
    const at = (base: number): number[] =>
      portClaims(base, planInstances(base, parseScale([]))).map(({ port }) => port - base);
    expect(at(5400)).toEqual(at(4400));
  });

  test('puts further instances 100 ports apart', () => {
    const fetchers = planInstances(4400, parseScale(['fetcher=3'])).filter(
      ({ service }) => service.name === 'fetcher',
    );
    expect(fetchers.map(({ number, port }) => [number, port])).toEqual([
      [1, 4411],
      [2, 4511],
      [3, 4611],
    ]);
  });

  test('gives the addresses that the help promises', () => {
    expect(serviceUrls(4400)).toMatchObject({
      console: 'http://127.0.0.1:4400',
      ingress: 'http://127.0.0.1:4401',
      sandbox: 'http://127.0.0.1:4403',
    });
    expect(infrastructurePorts(4400)).toEqual({
      kafka: 4492,
      kafkaController: 4493,
      registry: 4481,
      postgres: 4432,
    });
  });
});
