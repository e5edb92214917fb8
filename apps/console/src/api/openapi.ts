import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { DocumentBuilder, type OpenAPIObject, SwaggerModule } from '@nestjs/swagger';

/** The operator API as an OpenAPI document, made from the controllers and their schemas. */
export function openApiDocument(app: NestFastifyApplication): OpenAPIObject {
  const config = new DocumentBuilder()
    .setTitle('Ledgerwire operator API')
    .setDescription(
      'The audit trail, flows, connections and dead letters. Every request needs the operator token.',
    )
    .setVersion('1')
    .addBearerAuth({ type: 'http', scheme: 'bearer', description: 'CONSOLE_TOKEN' })
    .build();
  const document = SwaggerModule.createDocument(app, config, {
    // Two controllers may have a method of one name; generated clients need ids of their own.
    operationIdFactory: (controller, method) => `${method}In${controller.replace(/Controller$/, '')}`,
  });
  // Health and metrics belong to every service and not to this API.
  document.paths = Object.fromEntries(
    Object.entries(document.paths).filter(([path]) => path.startsWith('/api/')),
  );
  return document;
}

/** `/openapi.json`, and `/docs` to read and try it; its scripts come from this server. */
export function serveOpenApi(app: NestFastifyApplication): void {
  SwaggerModule.setup('docs', app, openApiDocument(app), {
    jsonDocumentUrl: 'openapi.json',
    raw: ['json'],
    customSiteTitle: 'Ledgerwire operator API',
  });
}
