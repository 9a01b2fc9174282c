import { describe, expect, test } from 'vitest';
import { narrativeProblems } from './narrative.ts';

const says = (inner: string) =>
  narrativeProblems(`<div xmlns="http://www.w3.org/1999/xhtml">${inner}</div>`).map((problem) => problem.says);

describe('narratives (https://hl7.org/fhir/R4/narrative.html)', () => {
  test.each([
    'text',
    '<p>x</p>',
    '<table class="grid"><tbody><tr><td colspan="2">x</td></tr></tbody></table>',
    '&lt;script&gt; &#160; &amp;',
    '<a href="https://e.org/?a=1&amp;b=2">x</a><a name="y">z</a><a href="mailto:a@e.org">m</a><a href="Patient/1">p</a>',
    '<img src="#photo" alt=""/>',
    '<!-- a comment --><b style="font-weight: bold">x</b>',
    '<td style="background: url(tbl_bck1.png); background-image: url(data:image/png;base64,AA==)">x</td>',
    '<span xml:lang="de" lang="de">x</span>',
    '<![CDATA[x]]>',
  ])('%s is allowed', (inner) => {
    expect(says(inner)).toEqual([]);
  });

  test.each([
    ['<script>alert(1)</script>', 'the element "script"'],
    ['<p onclick="x()">x</p>', 'the attribute "onclick"'],
    ['<a href="javascript:x()">x</a>', 'the link "javascript:x()"'],
    ['<a href=" java&#10;script:x()">x</a>', 'the link'],
    ['<a href="JAVASCRIPT&#58;x()">x</a>', 'the link'],
    ['<a href="data:text/html,x">x</a>', 'the link'],
    ['<a href="vbscript:x">x</a>', 'the link'],
    ['<img src="data:image/svg+xml,x"/>', 'the link'],
    ['<img src="x" onerror="y"/>', 'the attribute "onerror"'],
    ['<p style="background: url(https://e.org)">x</p>', 'the style'],
    ['<p style="background: URL ( \'//e.org/x\')">x</p>', 'the style'],
    ['<p style="background: url(a.png), url(javascript:x)">x</p>', 'the style'],
    ['<p style="background: url/**/(https://e.org)">x</p>', 'the style'],
    ['<p style="width: expression(x)">x</p>', 'the style'],
    ['<p style="background: u\\72l(x)">x</p>', 'the style'],
    ['<iframe src="https://e.org">x</iframe>', 'the element "iframe"'],
    ['<form>x</form>', 'the element "form"'],
    ['<style>x</style>', 'the element "style"'],
    ['<link href="x"/>x', 'the element "link"'],
    ['<svg xmlns="http://www.w3.org/2000/svg">x</svg>', 'not in the namespace'],
    ['<?php x ?>x', 'a processing instruction'],
    ['', 'txt-2'],
    [' <br/> &#10;', 'txt-2'],
    ['<p>x', 'not well-formed'],
    ['<br>x', 'not well-formed'],
    ['&nbsp;', 'not well-formed'],
    ['<p a=1>x</p>', 'not well-formed'],
    ['</div><div>x', 'not well-formed'],
  ])('%s is refused', (inner, expected) => {
    expect(says(inner)).toContainEqual(expect.stringContaining(expected));
  });

  test.each([
    ['<div>x</div>', 'is not in the namespace'],
    ['<p xmlns="http://www.w3.org/1999/xhtml">x</p>', 'the root is p'],
    ['text', 'not well-formed'],
    ['<!DOCTYPE div [<!ENTITY x "y">]><div xmlns="http://www.w3.org/1999/xhtml">x</div>', 'a document type declaration'],
    ['<?xml version="1.0"?><div xmlns="http://www.w3.org/1999/xhtml">x</div>', 'an XML declaration'],
  ])('%s is refused whole', (div, expected) => {
    expect(narrativeProblems(div).map((problem) => problem.says.replace("narrative's root", 'root'))).toContainEqual(
      expect.stringContaining(expected),
    );
  });

  test('lists all that is wrong', () => {
    expect(says('<script/><p onclick="x">y</p><a href="data:x">z</a>')).toHaveLength(3);
  });
});
