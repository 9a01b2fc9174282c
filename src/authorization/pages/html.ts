/** HTML as text: what is put in is escaped unless it is HTML already. */

/** HTML that needs no more escaping. */
export class Html {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

type Piece = string | number | Html | undefined | false | readonly Html[];

const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };

/** A template whose values are escaped. Undefined and false leave nothing. */
export function html(strings: TemplateStringsArray, ...values: readonly Piece[]): Html {
  return new Html(strings.reduce((text, part, at) => text + pieceText(values[at - 1]) + part));
}

function pieceText(value: Piece): string {
  if (value === undefined || value === false) return '';
  if (value instanceof Html) return value.text;
  if (Array.isArray(value)) return value.map((piece: Html) => piece.text).join('');
  return String(value).replaceAll(/[&<>"']/g, (character) => ENTITIES[character] as string);
}
