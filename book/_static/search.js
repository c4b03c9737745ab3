// The search: looks through the text of every section and exhibit (PAGES, in search-data.js).
"use strict";
// Letters stand for themselves with any accent, hyphens and quotes for their kin.
const KIN = { "-": "[-‐‑–−]", "‐": "[-‐‑– ]?", "'": "['’]", o: "[oø]", l: "[lł]", d: "[dđ]" };
const FOLDED = [[/[\p{M}\p{Cf}]/gu, ""], [/\s+/g, " "], [/[‐-—−]/g, "-"], [/(?<=\p{L})-(?=\p{L})/gu, "‐"], [/[‘’]/g, "'"], [/ø/gi, "o"], [/ł/gi, "l"], [/đ/gi, "d"], [/(?<=\d),(?=\d{3})/g, ""]];
const EDGE = "(?<![\\p{L}\\p{M}\\d]|\\d[.,])"; // the beginning of a word or number

// A word is found with other endings; a number, capitals (US, also U.S.), a phrase in quotes as they stand.
function pattern(term, quoted) {
  const capitals = /^\p{Lu}{2,5}$/u.test(term);
  const exact = quoted || capitals;
  let plain = FOLDED.reduce((text, [kin, plainly]) => text.replace(kin, plainly), term.normalize("NFKD")).toLowerCase();
  if (!exact && /^[a-z]{4,}$/.test(plain)) plain = plain.replace(/(?<=.{3})(ies|es|ed|ing|s|y|e)$/, "");
  const letters = [...plain].map((c) => /\d/.test(c) ? c + ",?" : (KIN[c] || c.replace(/[.*+?^${}()|[\]\\/]/, "\\$&")) + "\\p{M}*" + (capitals ? "\\.?" : ""));
  const end = /\d$/.test(plain) ? "(?!\\d|[.,]\\d)" : exact && /\w$/.test(plain) ? "(?![\\p{L}\\p{M}_])" : "[\\p{L}\\p{M}]*";
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
    const lists = address.includes("/appendix/"); // say a word often and little about it
    const counts = terms.map((term) => [title, text].map((part) => (part.match(term) || []).length));
    if (counts.some(([inTitle, inText]) => !inTitle && !inText)) return;
    const score = counts.reduce((sum, [inTitle, inText]) => sum + 20 * Math.min(inTitle, 1) + Math.min(inText, lists ? 1 : 5), 0);
    found.push({ score, address: address + (place ? "#" + id : ""), names: (place && !kind ? sections[0][1] + ": " : "") + title, text, terms, kind });
  }));
  return found.sort((one, other) => other.score - one.score);
}

// The sentences, cells with the row's name, or sources that hold the words, from the line with most.
function excerpt(text, terms, any) {
  const lines = text.split("\n");
  const held = lines.map((line) => 2 * terms.filter((term) => line.search(term) >= 0).length + /^(?!Source)[^|]*[.?!]\P{L}?$/u.test(line));
  const line = lines[held.indexOf(Math.max(...held))];
  const [source, row] = [line.startsWith("Source"), line.includes(" | ")];
  const parts = line.split(source ? /; |^Source[^:]*: / : / \| |(?<=[^\p{Lu}][.?!]["”’)]?) (?=["“‘(]?\p{Lu})/u);
  const found = parts.filter((part, place) => (row && !place) || part.search(any) >= 0);
  return (row ? "Row: " : source ? "Source: " : "") + (found.length ? found : parts.filter(Boolean)).slice(0, 2).join(" … ");
}
const marked = (text, any) => text.split(any).map((part, place) => place % 2 ? element("mark", { textContent: part }) : part);

const query = (new URLSearchParams(location.search).get("q") || "").trim();
all("input[name=q]").forEach((input) => { input.value = query; });
if (query) {
  const found = matches(query);
  document.querySelector("article [role=status]").textContent = (found.length === 1 ? "1 place has" : (found.length || "No") + " places have") + " this: " + query;
  document.querySelector(".search-results").append(...found.map(({ address, names, text, terms, kind }) => {
    const any = new RegExp("(" + terms.map((term) => term.source).join("|") + ")", "giu");
    const link = element("a", { href: document.documentElement.dataset.content_root + address }, ...marked(names, any));
    return element("li", {}, link, " ", element("span", { className: "kind", textContent: kind || "" }), element("p", {}, ...marked(excerpt(text, terms, any), any)));
  }));
}
