/** Links inside narratives. @see https://hl7.org/fhir/R4/http.html#trules */

const TAG = /<(?:a|img)\b(?:"[^"]*"|'[^']*'|[^"'>])*>/gi;
const ATTRIBUTE = /(\s(?:href|src)\s*=\s*)(?:"([^"]*)"|'([^']*)')/gi;
const REFERENCES: Readonly<Record<string, string>> = { '&amp;': '&', '&lt;': '<', '&gt;': '>', '&quot;': '"', '&apos;': "'" };

/** The `div` with each `a href` and `img src` that `replace` answers put in place; the rest stays byte for byte. */
export function rewriteNarrativeLinks(div: string, replace: (url: string) => string | undefined): string {
  return div.replace(TAG, (tag) =>
    tag.replace(ATTRIBUTE, (attribute: string, start: string, double: string | undefined, single: string | undefined) => {
      const replacement = replace(decoded(double ?? single ?? ''));
      return replacement === undefined ? attribute : `${start}"${encoded(replacement)}"`;
    }),
  );
}

function decoded(text: string): string {
  return text.replace(/&(?:amp|lt|gt|quot|apos);/g, (reference) => REFERENCES[reference] ?? reference);
}

function encoded(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;');
}
