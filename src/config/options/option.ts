/** What a setting is. */
import type { RegionRule } from '../regions.ts';

interface OptionText {
  /** The environment variable. A flag wins over it. */
  readonly env: string;
  /** The command-line flag, without its dashes. */
  readonly flag: string;
  /** One sentence: what it does. */
  readonly description: string;
  /** What the default is when it can't be a constant: "the base URL". */
  readonly defaultText?: string;
  /** Never printed or logged. */
  readonly secret?: boolean;
}

/** One row of the table. Without a `default` the setting may be absent. */
export type Option = OptionText &
  (
    | { readonly kind: 'integer'; readonly minimum: number; readonly maximum: number; readonly unit?: string; readonly default?: number }
    | { readonly kind: 'switch'; readonly default: boolean }
    | { readonly kind: 'choice'; readonly choices: readonly string[]; readonly default: string }
    | { readonly kind: 'text' | 'path' | 'url'; readonly default?: string }
    | { readonly kind: 'urls'; readonly default: readonly string[] }
    | { readonly kind: 'regions'; readonly default: readonly RegionRule[] }
  );
