import type { Option } from './options/option.ts';
import { readRegions } from './regions.ts';

/** The text of a flag or variable as a value, or what was expected of it. */
export function readValue(option: Option, text: string): { readonly value: unknown } | { readonly expected: string } {
  switch (option.kind) {
    case 'integer':
      return readInteger(option, text);
    case 'switch':
      return readSwitch(text);
    case 'choice':
      return option.choices.includes(text) ? { value: text } : { expected: `one of ${option.choices.join(', ')}` };
    case 'url':
      return isUrl(text) ? { value: text } : { expected: 'an absolute URL' };
    case 'urls': {
      const urls = text.split(',').map((url) => url.trim());
      return urls.every(isUrl) ? { value: urls } : { expected: 'absolute URLs separated by commas' };
    }
    case 'regions': {
      const rules = readRegions(text);
      return rules
        ? { value: rules }
        : { expected: 'rules such as state:CA=01 or organization:Organization/north=02, separated by commas' };
    }
    case 'text':
    case 'path':
      return text.trim() === '' ? { expected: 'not empty' } : { value: text };
  }
}

function readInteger(option: Option & { kind: 'integer' }, text: string): { readonly value: number } | { readonly expected: string } {
  const value = Number(text);
  const fits = /^\d+$/.test(text) && value >= option.minimum && value <= option.maximum;
  if (fits) return { value };
  return { expected: `a whole number${option.unit ? ` of ${option.unit}` : ''} from ${option.minimum} to ${option.maximum}` };
}

function readSwitch(text: string): { readonly value: boolean } | { readonly expected: string } {
  if (/^(1|true|yes|on)$/i.test(text)) return { value: true };
  if (/^(0|false|no|off)$/i.test(text)) return { value: false };
  return { expected: 'true or false' };
}

/** Not the URL class: a replica set's connection string lists several hosts. */
function isUrl(text: string): boolean {
  return /^[a-z][a-z0-9+.-]*:\/\/[^\s/]+/i.test(text);
}
