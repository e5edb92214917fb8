import { DefaultNamingStrategy, type NamingStrategyInterface } from 'typeorm';

/** `workspaceId` in TypeScript is `workspace_id` in SQL; constraints are named as Postgres itself would. */
export class SnakeCaseNamingStrategy extends DefaultNamingStrategy implements NamingStrategyInterface {
  override columnName(propertyName: string, customName: string | undefined): string {
    return customName ?? snakeCase(propertyName);
  }

  override primaryKeyName(table: { readonly name: string } | string): string {
    return `${typeof table === 'string' ? table : table.name}_pkey`;
  }
}

function snakeCase(camelCase: string): string {
  return camelCase.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
