// What the pages of the report do beyond the theme. Everything also works without it.
(function () {
  "use strict";

  // Pages opened from a folder may not read each other, so search shows titles alone there.
  if (location.protocol === "file:" && typeof DOCUMENTATION_OPTIONS === "object") {
    DOCUMENTATION_OPTIONS.SHOW_SEARCH_SUMMARY = false;
  }

  function element(name, properties, ...children) {
    const node = Object.assign(document.createElement(name), properties);
    node.append(...children);
    return node;
  }

  // One polite voice for what happened ("copied", "sorted").
  const voice = element("p", { className: "visually-hidden" });
  voice.setAttribute("role", "status");
  const say = (text) => { voice.textContent = text; };

  // Tables: the box is a stop for the keyboard only where it scrolls; else the header row can
  // stay in sight while the page scrolls.
  function watchTables() {
    function fit(boxes) { // first look at all, then change all: one layout of the page, not many
      const open = boxes.filter((box) => box.querySelector("table").offsetParent);
      const fits = open.map((box) => box.querySelector("table").offsetWidth <= box.clientWidth + 1);
      open.forEach((box, place) => {
        box.classList.toggle("fits", fits[place]);
        box.tabIndex = fits[place] ? -1 : 0;
      });
    }
    const watch = new ResizeObserver((entries) => {
      fit([...new Set(entries.map(({ target }) => target.closest(".table-scroll")))]);
    });
    document.querySelectorAll(".table-scroll, .table-scroll > table").forEach((part) => watch.observe(part));
    document.addEventListener("toggle", ({ target }) => {
      if (target.open) fit([...target.querySelectorAll(".table-scroll")]);
    }, true);
  }

  // Sorting: rows by the text or number of a column; a third press restores the order.
  function value(row, column) {
    const text = row.cells[column].textContent.trim();
    const number = Number(text.replace(/[,\s%]/g, "").replace("−", "-"));
    return text === "–" || text === "" ? null : Number.isNaN(number) ? text : number;
  }
  function compare(one, other) {
    if (one === null || other === null) return (one === null) - (other === null);
    if (typeof one === "number" && typeof other === "number") return one - other;
    return String(one).localeCompare(String(other), "en", { numeric: true });
  }
  function makeSortable(table) {
    const body = table.tBodies[0];
    const original = [...body.rows];
    if (!table.querySelector("th.sortable") || table.tHead.rows.length !== 1) return;
    if (original.some((row) => [...row.cells].some((cell) => cell.colSpan > 1))) return;
    [...table.tHead.rows[0].cells].forEach((head, column) => {
      const button = element("button", { type: "button", className: "sort" });
      button.append(...head.childNodes);
      head.append(button);
      button.addEventListener("click", () => {
        const next = { ascending: "descending", descending: "" }[head.getAttribute("aria-sort")] ?? "ascending";
        table.querySelectorAll("th[aria-sort]").forEach((th) => th.removeAttribute("aria-sort"));
        const rows = [...original];
        if (next) {
          head.setAttribute("aria-sort", next);
          const sign = next === "ascending" ? 1 : -1;
          rows.sort((a, b) => {
            const [x, y] = [value(a, column), value(b, column)];
            return x === null || y === null ? compare(x, y) : sign * compare(x, y);
          });
        }
        body.append(...rows);
        say(next ? "Sorted by " + button.textContent + ", " + next : "In the order of the report");
      });
    });
  }

  // Copying: the link of an exhibit, the text of a citation.
  async function copy(text, button) {
    try {
      await navigator.clipboard.writeText(text);
    } catch {
      return false;
    }
    say("Copied");
    button.classList.add("copied");
    setTimeout(() => button.classList.remove("copied"), 1500);
    return true;
  }
  function addCopying() {
    document.querySelectorAll("caption .headerlink, figcaption .headerlink").forEach((link) => {
      const number = link.parentElement.querySelector(".caption-number");
      link.classList.add("copy-link");
      link.title = "Copy the link to " + (number ? number.textContent.trim() : "this exhibit");
      link.setAttribute("aria-label", link.title);
      link.addEventListener("click", () => { copy(link.href, link); });
    });
    document.querySelectorAll(".cite-this pre").forEach((pre) => {
      const button = element("button", { type: "button", className: "copy-button", textContent: "Copy BibTeX" });
      button.addEventListener("click", () => copy(pre.textContent, button));
      pre.after(button);
    });
  }

  // A link into something folded opens it.
  function openTarget() {
    const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
    const fold = target && target.closest("details");
    if (!fold) return;
    fold.open = true;
    target.scrollIntoView();
  }

  // The menu of downloads closes like one.
  function closeMenus() {
    document.querySelectorAll(".report-menu").forEach((menu) => {
      document.addEventListener("click", (event) => { if (!menu.contains(event.target)) menu.open = false; });
      menu.addEventListener("keydown", (event) => {
        if (event.key !== "Escape" || !menu.open) return;
        menu.open = false;
        menu.querySelector("summary").focus();
      });
    });
  }

  // Cards: the title of a link, for mouse, keyboard and touch; Escape closes, the pointer may
  // rest on the card.
  function addCards() {
    const card = element("div", { id: "card", className: "card-text", hidden: true });
    card.setAttribute("role", "tooltip");
    let owner = null;
    let timer = 0;
    function show(link) {
      clearTimeout(timer);
      if (owner === link) return;
      hide();
      owner = link;
      card.textContent = link.dataset.card;
      card.hidden = false;
      link.setAttribute("aria-describedby", "card");
      const place = link.getBoundingClientRect();
      const width = card.offsetWidth;
      const left = Math.min(Math.max(8, place.left), document.documentElement.clientWidth - width - 8);
      const below = place.bottom + card.offsetHeight + 12 < innerHeight;
      card.style.left = left + scrollX + "px";
      card.style.top = (below ? place.bottom + 6 : place.top - card.offsetHeight - 6) + scrollY + "px";
    }
    function hide() {
      if (owner) owner.removeAttribute("aria-describedby");
      owner = null;
      card.hidden = true;
    }
    const later = () => { clearTimeout(timer); timer = setTimeout(hide, 200); };
    document.querySelectorAll("article a[title]:not(.headerlink)").forEach((link) => {
      link.dataset.card = link.title;
      link.removeAttribute("title");
      link.addEventListener("mouseenter", () => show(link));
      link.addEventListener("focus", () => show(link));
      link.addEventListener("mouseleave", later);
      link.addEventListener("blur", later);
    });
    card.addEventListener("mouseenter", () => clearTimeout(timer));
    card.addEventListener("mouseleave", later);
    document.addEventListener("keydown", (event) => { if (event.key === "Escape") hide(); });
    document.querySelector("main").append(card);
  }

  document.addEventListener("DOMContentLoaded", () => {
    const main = document.querySelector("main");
    if (!main) return;
    main.append(voice);
    document.querySelectorAll(".table-scroll table").forEach(makeSortable);
    watchTables();
    addCopying();
    addCards();
    closeMenus();
    openTarget();
    window.addEventListener("hashchange", openTarget);
  });
})();
