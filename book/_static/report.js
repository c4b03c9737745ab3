// What the pages of the report do beyond the theme. Everything also works without it.
"use strict";

function element(name, properties, ...children) {
  const node = Object.assign(document.createElement(name), properties);
  node.append(...children);
  return node;
}
const all = (selector, within = document) => [...within.querySelectorAll(selector)];

// One polite voice for what happened ("copied", "sorted").
const voice = element("p", { className: "visually-hidden", role: "status" });
const say = (text) => { voice.textContent = text; };
document.querySelector("article").append(voice);

// The box of a table is a stop for the keyboard only where it scrolls; else the header row can
// stay in sight while the page scrolls.
const watch = new ResizeObserver((entries) => {
  const boxes = [...new Set(entries.map(({ target }) => target.closest(".table-scroll")))];
  const fits = boxes.map((box) => box.scrollWidth <= box.clientWidth + 1);
  boxes.forEach((box, place) => { // first look at all, then change all: one layout, not many
    box.classList.toggle("fits", fits[place]);
    box.tabIndex = fits[place] ? -1 : 0;
  });
});
all(".table-scroll, .table-scroll > table").forEach((part) => watch.observe(part));

// On narrow pages a table of long texts is stacked (report.css): its roles and heads, for that.
const ROLES = { table: "table", "thead, tbody": "rowgroup", tr: "row", "thead th": "columnheader", "tbody th": "rowheader", td: "cell" };
const narrow = matchMedia("(max-width: 40em)");
const stack = () => all(".exhibit-table:has(.text-long)").forEach((box) => {
  for (const [part, role] of Object.entries(ROLES)) {
    all(part, box).forEach((it) => { it.role = narrow.matches ? role : null; });
  }
  const heads = all("thead th", box).map((head) => head.textContent.trim());
  all("td", box).forEach((cell) => { cell.dataset.head = heads[cell.cellIndex]; });
});
narrow.addEventListener("change", stack);
stack();

// Sorting by what cells stand for (data-sort): numbers, then words, and last what is missing
// (""). A third press restores the order.
function sortKeys(cells) {
  const given = cells.map((cell) => cell.dataset.sort);
  // Sentences of which a few begin with a number are words.
  const words = given.filter((key) => key === undefined).length > given.filter(Boolean).length;
  return given.map((key, row) => (key === undefined || (key && words) ? cells[row].textContent.trim() : key && Number(key)));
}
const { compare } = new Intl.Collator("en", { numeric: true });
function ascending(one, other) {
  if (typeof one !== typeof other) return typeof one === "number" ? -1 : 1;
  return typeof one === "number" ? one - other : compare(one, other);
}
all("th.sortable").forEach((head) => {
  const [table, column] = [head.closest("table"), head.cellIndex];
  const original = [...table.tBodies[0].rows];
  const button = element("button", { type: "button", className: "sort" }, ...head.childNodes);
  head.append(button);
  button.addEventListener("click", () => {
    const next = { ascending: "descending", descending: "" }[head.ariaSort] ?? "ascending";
    all("th[aria-sort]", table).forEach((th) => th.removeAttribute("aria-sort"));
    const keys = sortKeys(original.map((row) => row.cells[column]));
    const rows = original.map((row, place) => [keys[place], row]);
    if (next) {
      head.ariaSort = next;
      const sign = next === "ascending" ? 1 : -1;
      rows.sort(([one], [other]) => (one === "") - (other === "") || sign * ascending(one, other));
    }
    table.tBodies[0].append(...rows.map(([, row]) => row));
    say(next ? "Sorted by " + button.textContent + ", " + next : "In the order of the report");
  });
});

// Copying: the link of an exhibit, the text of a citation; the minus signs of a table become
// those that spreadsheets know.
async function copy(text, button) {
  await navigator.clipboard.writeText(text);
  say("Copied");
  button.classList.add("copied");
  setTimeout(() => button.classList.remove("copied"), 1500);
}
all("caption .headerlink, figcaption .headerlink").forEach((link) => {
  const number = link.parentElement.querySelector(".caption-number")?.textContent.trim();
  link.title = link.ariaLabel = "Copy the link to " + (number ?? "this exhibit");
  link.addEventListener("click", () => copy(link.href, link).catch(() => {})); // then it is a link
});
all(".cite-this pre").forEach((pre) => {
  const button = element("button", { type: "button", className: "button", textContent: "Copy " + pre.dataset.name });
  button.addEventListener("click", () => copy(pre.textContent, button).catch(() => getSelection().selectAllChildren(pre)));
  pre.after(button);
});
document.addEventListener("copy", (event) => {
  const selection = getSelection();
  if (selection.isCollapsed) return;
  const range = selection.getRangeAt(0);
  const box = element("div", {}, range.cloneContents());
  const within = range.commonAncestorContainer;
  const cell = (within.closest ? within : within.parentElement).closest("td, th"); // a number alone
  if (!cell && !box.querySelector("td, th")) return;
  const plain = (text) => text.replace(/−(?=[\d.])/g, "-");
  const html = cell || box.querySelector("table") ? box.innerHTML : "<table>" + box.innerHTML + "</table>";
  event.clipboardData.setData("text/plain", plain(String(selection)));
  event.clipboardData.setData("text/html", plain(html));
  event.preventDefault();
});

// A link into something folded opens it.
function openTarget() {
  const target = document.querySelector(":target");
  const fold = target?.closest("details");
  if (!fold) return;
  fold.open = true;
  target.scrollIntoView();
}
for (const event of ["load", "hashchange"]) addEventListener(event, openTarget);

// Drawers and menus by keyboard; Control+K goes to the search.
all("header label .icon, .content-icon-container label .icon").forEach((icon) => {
  const [name, drawer] = icon.parentElement.htmlFor === "__toc" ? ["On this page", ".toc-drawer"] : ["Chapters", ".sidebar-drawer"];
  Object.assign(icon, { tabIndex: 0, role: "button", ariaLabel: name });
  icon.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" && event.key !== " ") return;
    event.preventDefault();
    icon.parentElement.click();
    document.querySelector(drawer + " a").focus();
  });
});
document.addEventListener("click", ({ target }) => all(".report-menu").forEach((menu) => { menu.open &&= menu.contains(target); }));
document.addEventListener("keydown", (event) => {
  if (event.key === "k" && (event.ctrlKey || event.metaKey)) {
    event.preventDefault();
    document.getElementById("__navigation").checked = true; // opens the drawer where it is one
    document.querySelector(".sidebar-search").focus();
  }
  if (event.key !== "Escape") return;
  hide();
  all(".sidebar-toggle").forEach((toggle) => { toggle.checked = false; });
  document.activeElement.closest(".report-menu")?.querySelector("summary").focus();
  all(".report-menu").forEach((menu) => { menu.open = false; });
});

// Cards: the title of a link, for mouse, keyboard and touch; Escape closes, the pointer may
// rest on the card.
const card = element("div", { id: "card", className: "card-text", role: "tooltip", hidden: true });
document.querySelector("article").append(card);
let owner, timer;
function hide() {
  owner?.removeAttribute("aria-describedby");
  card.hidden = true;
}
function show(link, text) {
  clearTimeout(timer);
  hide();
  owner = link;
  owner.setAttribute("aria-describedby", "card");
  card.textContent = text;
  card.hidden = false;
  const place = owner.getBoundingClientRect();
  const room = document.documentElement.clientWidth - card.offsetWidth - 8;
  const below = place.bottom + card.offsetHeight + 12 < innerHeight;
  card.style.left = Math.min(Math.max(8, place.left), room) + scrollX + "px";
  card.style.top = (below ? place.bottom + 6 : place.top - card.offsetHeight - 6) + scrollY + "px";
}
function later() {
  clearTimeout(timer);
  timer = setTimeout(hide, 200);
}
all("article a[title]:not(.headerlink)").forEach((link) => {
  const { title } = link;
  link.removeAttribute("title");
  for (const event of ["mouseenter", "focus"]) link.addEventListener(event, () => show(link, title));
  for (const event of ["mouseleave", "blur"]) link.addEventListener(event, later);
});
card.addEventListener("mouseenter", () => clearTimeout(timer));
card.addEventListener("mouseleave", later);

// Values in a picture: of the mark nearest to the pointer, or of the one that a slider, which is
// seen when the keyboard reaches it, stands at.
all("script.marks").forEach((script) => {
  const figure = script.closest(".exhibit").querySelector("figure");
  const image = figure.querySelector("img");
  const marks = JSON.parse(script.textContent).map((line) => line.match(/(\S+) (\S+) (.*)/).slice(1));
  const number = figure.querySelector(".caption-number").textContent.trim();
  const slider = element("input", { type: "range", max: marks.length - 1, value: 0, ariaLabel: "Values in " + number });
  const ring = element("span", { className: "mark" });
  function point(place) {
    const [x, y, text] = marks[place];
    Object.assign(slider, { value: place, ariaValueText: text });
    ring.style.left = image.offsetLeft + x * image.offsetWidth + "px";
    ring.style.top = image.offsetTop + y * image.offsetHeight + "px";
    show(ring, text);
  }
  function nearest({ clientX, clientY }) {
    const box = image.getBoundingClientRect();
    const far = marks.map(([x, y]) => Math.hypot(box.x + x * box.width - clientX, box.y + y * box.height - clientY));
    const least = Math.min(...far);
    if (least < 40) point(far.indexOf(least)); else hide();
  }
  for (const event of ["pointermove", "pointerdown"]) image.addEventListener(event, nearest);
  image.addEventListener("pointerleave", ({ pointerType }) => { if (pointerType === "mouse") later(); });
  for (const event of ["input", "focus"]) slider.addEventListener(event, () => point(slider.value));
  slider.addEventListener("blur", hide);
  figure.append(ring, slider);
});
