// The search: looks through the text of every section and exhibit (PAGES, in search-data.js).
"use strict";
// Letters stand for themselves with any accent, hyphens and quotes for their kin.
const KIN = { "-": "[-‐‑–−]", "'": "['’]", " ": "\\s+", o: "[oø]", l: "[lł]", d: "[dđ]" };
const FOLDED = [[/[\p{M}\p{Cf}]/gu, ""], [/[‐-—−]/g, "-"], [/[‘’]/g, "'"], [/ø/gi, "o"], [/ł/gi, "l"], [/đ/gi, "d"], [/(?<=\d),(?=\d{3})/g, ""]];
const EDGE = "(?<![\\p{L}\\p{M}\\d]|\\d[.,])"; // the beginning of a word or number

// A word is found with other endings; a number, or a phrase in quotes, as it stands.
function pattern(term, exact) {
  let plain = FOLDED.reduce((text, [kin, plainly]) => text.replace(kin, plainly), term.normalize("NFKD")).toLowerCase();
  if (!exact && /^[a-z]{4,}$/.test(plain)) plain = plain.replace(/(?<=.{3})(ies|es|ed|ing|s|y|e)$/, "");
  const letters = [...plain].map((c) => /\d/.test(c) ? c + ",?" : (KIN[c] || c.replace(/[.*+?^${}()|[\]\\/]/, "\\$&")) + "\\p{M}*");
  const end = /\d$/.test(plain) ? "(?!\\d|[.,]\\d)" : exact && /\w$/.test(plain) ? "(?![\\p{L}\\p{M}])" : "[\\p{L}\\p{M}]*";
  return new RegExp(EDGE + letters.join("").replace(/,\?$/, "") + end, "giu");
}

function matches(query) {
  // What stands around a word is no part of it: "(Crimea)", "What is New START?", but "U.S."
  const trim = /^[^\p{L}\p{N}$€£%−-]+|[^\p{L}\p{N}$€£%.+]+$|(?<!\.\p{L})\.$/gu;
  const words = [...query.matchAll(/["“„«]([^"“”«»]+)["“”»]|[^\s"“”„«»]+/g)].map(([word, phrase]) => [(phrase || word).replace(trim, ""), Boolean(phrase)]);
  const terms = words.filter(([word]) => word).map(([word, exact]) => pattern(word, exact));
  if (!terms.length) return [];
  const found = [];
  PAGES.forEach(([address, ...sections]) => sections.forEach(([id, title, text, kind], place) => {
    const counts = terms.map((term) => [title, text].map((part) => (part.match(term) || []).length));
    if (counts.some(([inTitle, inText]) => !inTitle && !inText)) return;
    const score = counts.reduce((sum, [inTitle, inText]) => sum + 20 * Math.min(inTitle, 1) + Math.min(inText, 5), 0);
    const names = place && !kind ? sections[0][1] + ": " + title : title;
    found.push({ score, address: address + (place ? "#" + id : ""), names, text, terms, kind });
  }));
  return found.sort((one, other) => other.score - one.score);
}

// The words around the first place, with what was looked for marked.
function around(text, terms) {
  const first = Math.min(...terms.map((term) => text.search(term)).filter((at) => at >= 0), text.length);
  const start = Math.max(0, text.lastIndexOf(" ", Math.max(0, first - 60)));
  const line = element("p", {}, start ? "…" : "");
  let last = start;
  for (const match of text.slice(0, start + 220).matchAll(new RegExp(terms.map((term) => term.source).join("|"), "giu"))) {
    if (match.index < start) continue;
    line.append(text.slice(last, match.index), element("mark", { textContent: match[0] }));
    last = match.index + match[0].length;
  }
  line.append(text.slice(last, start + 220), text.length > start + 220 ? " …" : "");
  return line;
}

const query = (new URLSearchParams(location.search).get("q") || "").trim();
all("input[name=q]").forEach((input) => { input.value = query; });
if (query) {
  const found = matches(query);
  const count = found.length === 1 ? "1 place has" : (found.length || "No") + " places have";
  document.querySelector("article [role=status]").textContent = count + " this: " + query;
  const root = document.documentElement.dataset.content_root;
  document.querySelector(".search-results").append(...found.map(({ address, names, text, terms, kind }) =>
    element("li", {}, element("a", { href: root + address, textContent: names }), element("span", { className: "kind", textContent: kind || "" }), around(text, terms))));
}
