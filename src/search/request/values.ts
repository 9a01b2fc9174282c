/** The parts of a parameter's value. A backslash takes `,`, `|`, `$` and itself literally. */

/**
 * The parts between unescaped separators, still escaped: `splitValue('a\\,b,c', ',')` gives `a\,b` and `c`.
 * @see https://hl7.org/fhir/R4/search.html#escaping
 */
export function splitValue(text: string, separator: ',' | '|' | '$'): string[] {
  if (!text.includes('\\')) return text.split(separator);
  const parts: string[] = [];
  let from = 0;
  for (let i = 0; i < text.length; i++) {
    if (text[i] === '\\') i++;
    else if (text[i] === separator) {
      parts.push(text.slice(from, i));
      from = i + 1;
    }
  }
  parts.push(text.slice(from));
  return parts;
}

/** The text meant: `\,`, `\|`, `\$` and `\\` lose their backslash, any other backslash stands for itself. */
export const unescapeValue = (text: string) => (text.includes('\\') ? text.replace(/\\([,|$\\])/g, '$1') : text);
