/** The narrative inside XML: as it was written if it stands alone, else written anew so that it does. */
import type { SaxesTagNS } from 'saxes';
import { attributeText } from './xml-text.ts';

export const XHTML_NAMESPACE = 'http://www.w3.org/1999/xhtml';

export class NarrativeText {
  private readonly start: number;
  private depth = 0;
  /** Undefined while the text as written will do. */
  private readonly rewritten: string[] | undefined;

  /** `start`: where the tag begins in the document. */
  constructor(root: SaxesTagNS, start: number) {
    this.start = start;
    const standsAlone = root.prefix === '' && root.ns?.[''] === XHTML_NAMESPACE;
    this.rewritten = standsAlone ? undefined : [];
    this.open(root);
  }

  open(tag: SaxesTagNS): void {
    const namespace = this.depth === 0 ? ` xmlns="${XHTML_NAMESPACE}"` : '';
    this.depth += 1;
    if (!this.rewritten) return;
    const attributes = Object.values(tag.attributes).filter(({ name }) => name !== 'xmlns' && !name.startsWith('xmlns:'));
    const written = attributes.map(({ name, value }) => ` ${name}="${attributeText(value)}"`).join('');
    this.rewritten.push(`<${this.nameOf(tag)}${namespace}${written}${tag.isSelfClosing ? '/' : ''}>`);
  }

  /** True if the narrative ends here. */
  close(tag: SaxesTagNS): boolean {
    this.depth -= 1;
    if (!tag.isSelfClosing) this.rewritten?.push(`</${this.nameOf(tag)}>`);
    return this.depth === 0;
  }

  characters(value: string): void {
    this.rewritten?.push(value.replace(/[&<>]/g, (character) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;' })[character] ?? character));
  }

  comment(value: string): void {
    this.rewritten?.push(`<!--${value}-->`);
  }

  /** `end`: how far the document has been read. */
  text(document: string, end: number): string {
    return this.rewritten?.join('') ?? document.slice(this.start, end);
  }

  /** Elements of other namespaces keep their prefix, without its declaration, and are refused by validation. */
  private nameOf(tag: SaxesTagNS): string {
    return tag.uri === XHTML_NAMESPACE ? tag.local : tag.name;
  }
}
