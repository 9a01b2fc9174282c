/** Writes docs/configuration.md from the tables in src/config/options: `npm run docs`. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Option } from '../src/config/options/option.ts';
import { OPTIONS } from '../src/config/options.ts';

export const CONFIGURATION_PAGE = join(import.meta.dirname, '../docs/configuration.md');

/** The page as it should stand. */
export function configurationPage(): string {
  const rows = Object.values(OPTIONS as Record<string, Option>).map(
    (option) => `| \`--${option.flag}\` | \`${option.env}\` | ${valuesOf(option)} | ${defaultOf(option)} | ${textOf(option)} |`,
  );
  return `# Configuration

Generated from \`src/config/options\` by \`npm run docs\`; a test fails when it is stale.

Every setting is a flag of \`npm start\` (\`npm start -- --port 9000\`) and an environment variable. The flag wins. Switches are flags
without a value (\`--ephemeral\`, \`--no-ephemeral\`) and \`true\` or \`false\` as a variable. Relative paths start at the project's folder.

| flag | variable | values | default | |
| --- | --- | --- | --- | --- |
${rows.join('\n')}
`;
}

function valuesOf(option: Option): string {
  switch (option.kind) {
    case 'integer':
      return `${option.minimum} … ${option.maximum}${option.unit ? ` ${option.unit}` : ''}`;
    case 'switch':
      return 'switch';
    case 'choice':
      return option.choices.map((choice) => `\`${choice}\``).join(', ');
    case 'text':
    case 'path':
    case 'url':
      return option.kind;
    case 'urls':
      return 'list of URLs';
    case 'regions':
      return 'list of rules';
  }
}

function defaultOf(option: Option): string {
  if (option.defaultText) return option.defaultText;
  if (option.default === undefined || (Array.isArray(option.default) && option.default.length === 0)) return 'none';
  return `\`${String(option.default)}\``;
}

function textOf(option: Option): string {
  return `${option.description}${option.secret ? ' Secret: never logged.' : ''}`;
}

if (process.argv[1] === import.meta.filename) writeFileSync(CONFIGURATION_PAGE, configurationPage());
