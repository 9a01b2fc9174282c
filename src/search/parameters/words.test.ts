import { describe, expect, test } from 'vitest';
import { EntrySink } from './extract/entry-sink.ts';
import { allTexts, narrativeTexts } from './extract/text-of.ts';
import { LONGEST_PHRASE, MOST_WORDS, runStart, runText, wordExtractor } from './extract/words.ts';
import { createWordReader, searchedWords } from './words.ts';

const entriesOf = (code: string, resource: object) => {
  const sink = new EntrySink();
  wordExtractor(`Basic.${code}`, code, createWordReader())(resource, sink);
  return sink.s;
};
const narrative = (div: string) =>
  narrativeTexts({ text: { div } })[0]
    ?.split(/\s+/)
    .filter((part) => part !== '');

describe('words: https://hl7.org/fhir/R4/search.html#content', () => {
  test.each([
    ['Acute chest-pain, 50 mg', ['acut', 'chest', 'pain', '50', 'mg']],
    ['The allergies of an ALLERGY', ['allergi', 'allergi']],
    ['Zoë ＦＵＬＬ İstanbul', ['zoe', 'full', 'istanbul']],
    ['Überempfindlichkeiten 心筋梗塞', ['uberempfindlichkeiten', '心筋梗塞']],
    ['vitamin d', ['vitamin']],
    ['', []],
  ])('%s', (text, words) => {
    expect(searchedWords(text)).toEqual(words);
    const read = createWordReader();
    expect([read(text), read(text)]).toEqual([words, words]);
  });

  test('long words are cut at one place, for writes and searches alike', () => {
    const long = `${'x'.repeat(23)}😀${'y'.repeat(99)}`;
    expect(searchedWords('x'.repeat(99))).toEqual(['x'.repeat(24)]);
    expect(createWordReader()(long)).toEqual(searchedWords(long));
  });
});

describe('the texts of a resource', () => {
  test('narratives lose their tags, comments and entities', () => {
    expect(narrative('<div a="x>y" b=\'"\'>one<br/>tw&#246; &amp; &#x74;hree<!-- no > --><b>four</b></div>')).toEqual([
      'one',
      'twö',
      'three',
      'four',
    ]);
    expect(narrative('never closed <a href="x')).toEqual(['never', 'closed']);
    expect(narrative('&#9999999; &#xffffff; &nbsp;&unknown;')).toEqual([]);
    expect(narrativeTexts({})).toEqual([]);
  });

  test('no ids, references, URLs, dates and base64', () => {
    const resource = {
      resourceType: 'Basic',
      id: 'no',
      meta: { tag: [{ display: 'no' }] },
      text: { status: 'generated', div: '<div>narrative</div>' },
      subject: { reference: 'Patient/no', display: 'display' },
      created: '2024-05-01',
      code: { coding: [{ system: 'http://no', code: 'code' }], text: 'two words' },
      content: [{ attachment: { contentType: 'no/no', data: 'bm8=', title: 'title' } }],
      contained: [{ id: 'no', text: { div: '<div class="no">inside</div>' } }],
      active: true,
    };
    expect(allTexts(resource)).toEqual(['narrative', 'display', 'code', 'two words', 'title', 'inside']);
  });
});

describe('entries', () => {
  const runs = (entries: readonly string[]) => entries.filter((entry) => entry.startsWith(runStart('Basic._content')));

  test('each word once, and what follows what', () => {
    expect(entriesOf('_content', { a: 'fever and chills', b: 'fever' })).toEqual([
      'Basic._content=fever',
      'Basic._content=chill',
      'Basic._content:text= fever chill | fever ',
    ]);
    expect(entriesOf('_text', { a: 'fever' })).toEqual([]);
  });

  test('every phrase that can be searched is whole in one run', () => {
    for (const length of [2, 8, 9, 15, 16, 17, 100]) {
      const words = Array.from({ length }, (_, i) => `w${i}`);
      const found = runs(entriesOf('_content', { a: words.join(' ') }));
      const size = Math.min(LONGEST_PHRASE, length);
      for (let at = 0; at + size <= length; at++) expect(found.some((run) => run.includes(runText(words.slice(at, at + size))))).toBe(true);
    }
  });

  test('a resource has so many at most, and none is longer than a lexeme may be', () => {
    const entries = entriesOf('_content', { a: Array.from({ length: 5_000 }, (_, i) => `${i}${'ü'.repeat(60)}`).join(' ') });
    expect(entries.length).toBeLessThanOrEqual(MOST_WORDS + MOST_WORDS / LONGEST_PHRASE);
    expect(Math.max(...entries.map((entry) => entry.length))).toBeLessThan(460);
  });
});
