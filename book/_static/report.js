// What the pages of the report do beyond the theme. Everything also works without it.
(function () {
  "use strict";

  function element(name, properties, ...children) {
    const node = Object.assign(document.createElement(name), properties);
    node.append(...children);
    return node;
  }

  // One polite voice for what happened ("copied", "sorted").
  const voice = element("p", { className: "visually-hidden" });
  voice.setAttribute("role", "status");
  const say = (text) => { voice.textContent = text; };

  // A box of a table is a stop for the keyboard only where it scrolls; else the header row can
  // stay in sight while the page scrolls.
  function watchTables() {
    const watch = new ResizeObserver((entries) => {
      const boxes = [...new Set(entries.map(({ target }) => target.closest(".table-scroll")))];
      const fits = boxes.map((box) => box.scrollWidth <= box.clientWidth + 1);
      boxes.forEach((box, place) => { // first look at all, then change all: one layout, not many
        box.classList.toggle("fits", fits[place]);
        box.tabIndex = fits[place] ? -1 : 0;
      });
    });
    document.querySelectorAll(".table-scroll, .table-scroll > table").forEach((part) => watch.observe(part));
  }

  // Sorting by what cells stand for (data-sort; "" is a missing value and comes last); a third
  // press restores the order.
  function compare([one], [other], sign) {
    if (one === "" || other === "") return (one === "") - (other === "");
    const numbers = [one, other].map((key) => (typeof key === "number" ? 0 : 1));
    if (numbers[0] + numbers[1] === 0) return sign * (one - other);
    return sign * (numbers[0] - numbers[1] || one.localeCompare(other, "en", { numeric: true }));
  }
  function key(cell) {
    const given = cell.dataset.sort;
    return given === undefined ? cell.textContent.trim() : given && Number(given);
  }
  function makeSortable(head) {
    const [table, column] = [head.closest("table"), head.cellIndex];
    const [body, original] = [table.tBodies[0], [...table.tBodies[0].rows]];
    const button = element("button", { type: "button", className: "sort" }, ...head.childNodes);
    head.append(button);
    button.addEventListener("click", () => {
      const next = { ascending: "descending", descending: "" }[head.ariaSort] ?? "ascending";
      table.querySelectorAll("th[aria-sort]").forEach((th) => th.removeAttribute("aria-sort"));
      const rows = original.map((row) => [key(row.cells[column]), row]);
      if (next) {
        head.setAttribute("aria-sort", next);
        rows.sort((a, b) => compare(a, b, next === "ascending" ? 1 : -1));
      }
      body.append(...rows.map(([, row]) => row));
      say(next ? "Sorted by " + button.textContent + ", " + next : "In the order of the report");
    });
  }

  // Copying: the link of an exhibit, the text of a citation; minus signs of a table as
  // spreadsheets know them.
  async function copy(text, button) {
    try {
      await navigator.clipboard.writeText(text);
    } catch {
      return;
    }
    say("Copied");
    button.classList.add("copied");
    setTimeout(() => button.classList.remove("copied"), 1500);
  }
  function addCopying() {
    document.querySelectorAll("caption .headerlink, figcaption .headerlink").forEach((link) => {
      const number = link.parentElement.querySelector(".caption-number");
      link.title = "Copy the link to " + (number ? number.textContent.trim() : "this exhibit");
      link.setAttribute("aria-label", link.title);
      link.addEventListener("click", () => { copy(link.href, link); });
    });
    document.querySelectorAll(".cite-this pre").forEach((pre) => {
      const button = element("button", { type: "button", className: "button", textContent: "Copy " + pre.dataset.name });
      button.addEventListener("click", () => copy(pre.textContent, button));
      pre.after(button);
    });
    document.addEventListener("copy", (event) => {
      const selection = getSelection();
      const range = selection.rangeCount && selection.getRangeAt(0);
      const box = element("div", {}, range ? range.cloneContents() : "");
      if (!box.querySelector("td, th")) return;
      const plain = (text) => text.replace(/−(?=[\d.])/g, "-");
      const html = box.querySelector("table") ? box.innerHTML : "<table>" + box.innerHTML + "</table>";
      event.clipboardData.setData("text/plain", plain(String(selection)));
      event.clipboardData.setData("text/html", plain(html));
      event.preventDefault();
    });
  }

  // A link into something folded opens it.
  function openTarget() {
    let name = location.hash.slice(1);
    try { name = decodeURIComponent(name); } catch { /* "#100%" is a name as it stands */ }
    const target = document.getElementById(name);
    const fold = target && target.closest("details");
    if (!fold) return;
    fold.open = true;
    target.scrollIntoView();
  }

  // The menu of downloads closes like one; Control+K goes to the search; Escape closes drawers.
  function addKeys() {
    const menu = document.querySelector(".report-menu");
    document.addEventListener("click", (event) => { if (menu && !menu.contains(event.target)) menu.open = false; });
    document.addEventListener("keydown", (event) => {
      if (event.key === "k" && (event.ctrlKey || event.metaKey)) {
        event.preventDefault();
        document.getElementById("__navigation").checked = true; // opens the drawer where it is one
        document.querySelector(".sidebar-search").focus();
      }
      if (event.key !== "Escape") return;
      document.querySelectorAll(".sidebar-toggle:checked").forEach((toggle) => { toggle.checked = false; toggle.focus(); });
      if (menu && menu.open) { menu.open = false; menu.querySelector("summary").focus(); }
    });
  }

  // Cards: the title of a link, for mouse, keyboard and touch; Escape closes, the pointer may
  // rest on the card.
  function addCards(article) {
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
      const room = document.documentElement.clientWidth - card.offsetWidth - 8;
      const below = place.bottom + card.offsetHeight + 12 < innerHeight;
      card.style.left = Math.min(Math.max(8, place.left), room) + scrollX + "px";
      card.style.top = (below ? place.bottom + 6 : place.top - card.offsetHeight - 6) + scrollY + "px";
    }
    function hide() {
      if (owner) owner.removeAttribute("aria-describedby");
      owner = null;
      card.hidden = true;
    }
    const later = () => { clearTimeout(timer); timer = setTimeout(hide, 200); };
    article.querySelectorAll("a[title]:not(.headerlink)").forEach((link) => {
      link.dataset.card = link.title;
      link.removeAttribute("title");
      for (const event of ["mouseenter", "focus"]) link.addEventListener(event, () => show(link));
      for (const event of ["mouseleave", "blur"]) link.addEventListener(event, later);
    });
    card.addEventListener("mouseenter", () => clearTimeout(timer));
    card.addEventListener("mouseleave", later);
    document.addEventListener("keydown", (event) => { if (event.key === "Escape") hide(); });
    article.append(card);
  }

  document.addEventListener("DOMContentLoaded", () => {
    const article = document.querySelector("article");
    article.append(voice);
    document.querySelectorAll("th.sortable").forEach(makeSortable);
    watchTables();
    addCopying();
    addCards(article);
    addKeys();
    openTarget();
    window.addEventListener("hashchange", openTarget);
  });
})();
