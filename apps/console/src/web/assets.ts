import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { FastifyInstance } from 'fastify';
import { LedgerwireError } from '#libs/core';

const FILES: Readonly<Record<string, string>> = {
  'console.css': 'text/css; charset=utf-8',
  'console.js': 'text/javascript; charset=utf-8',
  'icon.svg': 'image/svg+xml',
};

/**
 * Where `public/` lies: beside `src/` in the source tree and in an image that copies it there, and in the source tree when the
 * code runs from `dist/`, whose build holds only code.
 */
const FOLDERS = ['../../public/', '../../../../../apps/console/public/'];

/** Serves the few static files from memory. They are the same for everybody and need no sign-in: the form uses them too. */
export function serveAssets(fastify: FastifyInstance): void {
  const folder = assetFolder();
  for (const [name, contentType] of Object.entries(FILES)) {
    const content = readFileSync(new URL(name, folder));
    const etag = `"${createHash('sha256').update(content).digest('base64url').slice(0, 22)}"`;
    fastify.get(`/assets/${name}`, (request, reply) => {
      void reply.headers({ etag, 'cache-control': 'no-cache' });
      if (request.headers['if-none-match'] === etag) return reply.code(304).send();
      return reply.header('content-type', contentType).send(content);
    });
  }
}

/** @throws LedgerwireError `assets-missing` (halt) when an image was built without them. */
function assetFolder(): URL {
  const candidates = FOLDERS.map((folder) => new URL(folder, import.meta.url));
  const found = candidates.find((folder) => existsSync(fileURLToPath(new URL('console.css', folder))));
  if (found) return found;
  throw new LedgerwireError(
    'the static files of the page are missing: apps/console/public must be deployed with the code',
    {
      code: 'assets-missing',
      disposition: 'halt',
    },
  );
}
