// The search: looks through the text of every section (PAGES, in search-data.js).
(function () {
  "use strict";
  // Letters stand for themselves with any accent, hyphens and quotes for their kin; thousands
  // separators may be there or not.
  const KIN = { "-": "[-‐‑–−]", "'": "['’]", "’": "['’]" };

  // A word is found at its beginning, with other endings; a number or phrase as it stands.
  function pattern(term, exact) {
    const plain = term.normalize("NFD").replace(/\p{M}/gu, "").replace(/(?<=\d),(?=\d{3})/g, "");
    const stem = exact || !/^[A-Za-z]{4,}$/.test(plain) ? plain : plain.replace(/(?<=.{3})(ies|es|ed|ing|s|y|e)$/, "");
    const body = [...stem].map((c) => (/\s/.test(c) ? "\\s+" : /\d/.test(c) ? c + ",?"
      : (KIN[c] || c.replace(/[.*+?^${}()|[\]\\/-]/g, "\\$&")) + "\\p{M}*")).join("").replace(/,\?$/, "");
    const end = /\d$/.test(stem) ? "(?![\\d]|[.,]\\d)" : exact && /[A-Za-z]$/.test(stem) ? "(?![\\p{L}\\p{M}])" : "";
    return new RegExp("(?<![\\p{L}\\p{M}\\d]|\\d[.,])" + body + end, "giu");
  }
  const parse = (query) => [...query.matchAll(/["“„]([^"“”]+)["”]|[^\s"“”„]+/g)].map((m) => pattern((m[1] || m[0]).trim(), Boolean(m[1])));

  function find(query) {
    const terms = parse(query);
    const found = [];
    if (!terms.length) return found;
    PAGES.forEach(([address, ...sections]) => sections.forEach(([id, title, text], place) => {
      const counts = terms.map((term) => [title.match(term), text.match(term)].map((all) => (all || []).length));
      if (counts.some(([inTitle, inText]) => !inTitle && !inText)) return;
      const score = counts.reduce((sum, [inTitle, inText]) => sum + 20 * Math.min(inTitle, 1) + Math.min(inText, 5), 0);
      found.push({ score, address: address + (place ? "#" + id : ""), page: sections[0][1], title, text, terms });
    }));
    return found.sort((a, b) => b.score - a.score);
  }

  function element(name, properties, ...children) {
    const node = Object.assign(document.createElement(name), properties);
    node.append(...children);
    return node;
  }

  // The words around the first place, with what was looked for marked.
  function around(text, terms) {
    const first = Math.min(...terms.map((term) => text.search(term)).filter((at) => at >= 0), text.length);
    const start = Math.max(0, text.lastIndexOf(" ", Math.max(0, first - 60)));
    const piece = text.slice(start, start + 220);
    const marks = new RegExp(terms.map((term) => term.source).join("|"), "giu");
    const parts = [];
    let last = 0;
    for (const match of piece.matchAll(marks)) {
      parts.push(piece.slice(last, match.index), element("mark", { textContent: match[0] }));
      last = match.index + match[0].length;
    }
    return element("p", {}, start ? "… " : "", ...parts, piece.slice(last), text.length > start + 220 ? " …" : "");
  }

  document.addEventListener("DOMContentLoaded", () => {
    const query = new URLSearchParams(location.search).get("q") || "";
    document.querySelectorAll("input[name=q]").forEach((input) => { input.value = query; });
    if (!query.trim()) return;
    const found = find(query);
    const count = found.length === 1 ? "1 section has" : (found.length || "No") + " sections have";
    document.querySelector("article [role=status]").textContent = count + " this: " + query;
    const root = document.documentElement.dataset.content_root;
    document.querySelector(".search-results").append(...found.map(({ address, page, title, text, terms }) => element("li", {},
      element("a", { href: root + address, textContent: page === title ? page : page + ": " + title }), around(text, terms))));
  });
})();
