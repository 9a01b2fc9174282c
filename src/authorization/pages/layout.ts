/** The frame of every page, and its style. No script, nothing from elsewhere. */
import { STYLE_PATH } from '../endpoints.ts';
import { type Html, html } from './html.ts';

/** A whole page. */
export function page(title: string, content: Html): string {
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title} · Meridian</title>
<link rel="stylesheet" href="${STYLE_PATH}">
</head>
<body>
<main>
<p class="brand" aria-hidden="true">Meridian</p>
<h1>${title}</h1>
${content}
</main>
</body>
</html>
`.text;
}

/** A message that a screen reader says at once. */
export const alert = (text: string | undefined): Html | undefined =>
  text === undefined ? undefined : html`<p class="alert" role="alert">${text}</p>`;

export const STYLE = `:root{color-scheme:light dark;--ink:#1c2733;--soft:#55636f;--paper:#fff;--ground:#f6f7f9;--line:#c5ced6;--act:#0b5c8a;--on-act:#fff;--bad:#a4161a}
@media (prefers-color-scheme:dark){:root{--ink:#e8edf2;--soft:#a9b6c2;--paper:#1a222b;--ground:#11171d;--line:#3b4855;--act:#7cc0ea;--on-act:#08202f;--bad:#ff9a9d}}
*{box-sizing:border-box}
body{margin:0;background:var(--ground);color:var(--ink);font:1rem/1.5 system-ui,sans-serif}
main{max-width:32rem;margin:6vh auto;padding:2rem;background:var(--paper);border:1px solid var(--line);border-radius:10px}
.brand{margin:0;color:var(--soft);font-weight:600;letter-spacing:.04em}
h1{margin:.2rem 0 1.2rem;font-size:1.5rem;line-height:1.25}
h2{margin:1.4rem 0 .4rem;font-size:1rem}
label{display:block;margin:.9rem 0 .25rem;font-weight:600}
input[type=text],input[type=password],input[type=search]{width:100%;padding:.6rem .7rem;font:inherit;color:inherit;background:transparent;border:1px solid var(--line);border-radius:6px}
button{margin-top:1.2rem;padding:.65rem 1.2rem;font:inherit;font-weight:600;border:1px solid var(--act);border-radius:6px;background:var(--act);color:var(--on-act);cursor:pointer}
button.quiet{background:transparent;color:var(--act)}
:is(input,button,a):focus-visible{outline:3px solid var(--act);outline-offset:2px}
.row{display:flex;gap:.8rem;flex-wrap:wrap}
.row>input{flex:1;width:auto}.row>button{margin-top:0}
ul.choices{list-style:none;margin:.6rem 0;padding:0}
ul.choices li{border-top:1px solid var(--line)}
ul.choices label{display:flex;gap:.7rem;align-items:baseline;margin:0;padding:.55rem 0;font-weight:400;cursor:pointer}
ul.choices button{width:100%;margin:0;padding:.7rem .3rem;text-align:left;font-weight:400;border:0;border-radius:0;background:transparent;color:inherit}
ul.choices button:hover{text-decoration:underline}
.detail{color:var(--soft);font-size:.9rem}
code{font-size:.85rem;overflow-wrap:anywhere}
.writes{color:var(--bad);font-weight:600}
.alert{padding:.7rem .9rem;border-left:4px solid var(--bad);color:var(--bad);background:color-mix(in srgb,var(--bad) 8%,transparent)}
`;
