import { RequestMethod } from '@nestjs/common';
import { METHOD_METADATA, PATH_METADATA } from '@nestjs/common/constants.js';
import { Validator } from '@seriousme/openapi-schema-validator';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { httpControllers } from '../console.module.js';
import { type PagesUnderTest, startPages } from '../testing/pages-under-test.js';

const operationSchema = z.looseObject({
  operationId: z.string(),
  summary: z.string().min(5),
  security: z.array(z.record(z.string(), z.array(z.string()))).min(1),
  parameters: z.array(z.looseObject({ name: z.string(), in: z.string() })).default([]),
  responses: z.record(z.string(), z.looseObject({ description: z.string() })),
});
const documentSchema = z.looseObject({
  openapi: z.string(),
  paths: z.record(z.string(), z.record(z.string(), operationSchema)),
});

let pages: PagesUnderTest;
let text: string;
let paths: z.output<typeof documentSchema>['paths'];

beforeAll(async () => {
  pages = await startPages();
  text = await (await fetch(`${pages.url}/openapi.json`)).text();
  paths = documentSchema.parse(JSON.parse(text)).paths;
});
afterAll(() => pages.stop());

const operations = (): { route: string; operation: z.output<typeof operationSchema> }[] =>
  Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ route: `${method} ${path}`, operation })),
  );

describe('/openapi.json', () => {
  it('is a valid OpenAPI document', async () => {
    const result = await new Validator().validate(JSON.parse(text) as Record<string, unknown>);
    expect(result.errors ?? []).toEqual([]);
    expect(result.valid).toBe(true);
  });

  it('describes each route of the API that the controllers have, and no other', () => {
    const routes = httpControllers.flatMap(routesOf).filter((route) => route.includes(' /api/'));
    expect(routes.length).toBeGreaterThan(8);
    expect(
      operations()
        .map(({ route }) => route)
        .sort(),
    ).toEqual(routes.sort());
  });

  it('says of each what it does, that it needs the token, and what it answers', () => {
    const incomplete = operations().filter(
      ({ operation }) => !Object.keys(operation.responses).some((status) => status.startsWith('2')),
    );
    expect(incomplete).toEqual([]);
    const ids = operations().map(({ operation }) => operation.operationId);
    expect(new Set(ids).size).toBe(ids.length);
  });

  it('declares the parameters that the paths hold', () => {
    for (const { route, operation } of operations()) {
      const held = [...route.matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
      const declared = operation.parameters.filter((one) => one.in === 'path').map(({ name }) => name);
      expect(declared).toEqual(held);
    }
  });

  it('refers to nothing that it does not have', () => {
    const { components } = z
      .looseObject({ components: z.looseObject({ schemas: z.record(z.string(), z.unknown()).default({}) }) })
      .parse(JSON.parse(text));
    const referred = [...text.matchAll(/"\$ref":"#\/components\/schemas\/([^"]+)"/g)].map(
      ([, name = '']) => name,
    );
    expect(referred.filter((name) => !Object.hasOwn(components.schemas, name))).toEqual([]);
  });
});

/** `get /api/traces/{id}` and the like, as Nest's decorators left them on a controller. */
function routesOf(controller: abstract new (...parameters: never[]) => object): string[] {
  const base = String(Reflect.getMetadata(PATH_METADATA, controller));
  const prototype = controller.prototype as Record<string, unknown>;
  return Object.getOwnPropertyNames(prototype).flatMap((name) => {
    const handler = Object.getOwnPropertyDescriptor(prototype, name)?.value as unknown;
    if (typeof handler !== 'function') return [];
    const method = Reflect.getMetadata(METHOD_METADATA, handler) as RequestMethod | undefined;
    if (method === undefined) return [];
    const path = `/${base}/${String(Reflect.getMetadata(PATH_METADATA, handler))}`;
    const shown = path
      .replaceAll(/\/+/g, '/')
      .replace(/(?<=.)\/$/, '')
      .replaceAll(/:(\w+)/g, '{$1}');
    return [`${(RequestMethod[method] ?? '').toLowerCase()} ${shown}`];
  });
}
