/** Characters of XML 1.0. @see https://www.w3.org/TR/xml/#charsets */

const ESCAPES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  // Written plainly, a parser would make them spaces.
  '\t': '&#x9;',
  '\n': '&#xA;',
  '\r': '&#xD;',
};

/** The value of an attribute, to stand in double quotes. */
export function attributeText(value: string): string {
  return /[&<>"\t\n\r]/.test(value) ? value.replace(/[&<>"\t\n\r]/g, (character) => ESCAPES[character] ?? character) : value;
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: those are what is looked for
const NOT_XML = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/;

/** False for texts with characters that XML can't hold, escaped or not. */
export function isXmlText(value: string): boolean {
  return !NOT_XML.test(value) && value.isWellFormed();
}
