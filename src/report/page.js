// Sorts and filters tables, swaps views, says what charts tell, and remembers the choice of colours.
//
// Every word comes from the page: attributes of the template #words, choices and titles. Text is only ever set as text.
"use strict";
(() => {
  const byId = (id) => document.getElementById(id);
  const all = (root, selector) => Array.from(root.querySelectorAll(selector));
  const words = byId("words").dataset;
  const fill = (text, values) => text.replace(/\{(\w+)\}/g, (whole, key) => values[key] ?? whole);
  const make = (tag, properties) => Object.assign(document.createElement(tag), properties);
  const say = (text) => { byId("live").textContent = text; };
  const isNarrow = matchMedia("(max-width: 69.99rem)");

  // Tables -----------------------------------------------------------------------------------------------------------

  // More rows than FILTER get a filter; more than LONG are cut to SHORT until somebody asks for all.
  const [FILTER, LONG, SHORT] = [12, 30, 20];

  // What a cell is sorted by: a number where the page gives one, else its text. Cells without a value come last.
  const valueOf = (cell) => {
    const raw = cell.dataset.raw ?? cell.dataset.place;
    if (raw !== undefined) return Number(raw);
    return cell.classList.contains("n") ? null : cell.textContent.trim();
  };
  const compare = (left, right) => {
    if (left === null || right === null) return 0;
    return typeof left === "number" && typeof right === "number" ? left - right : String(left).localeCompare(String(right), document.documentElement.lang, { numeric: true });
  };

  const enhanceTable = (scroll) => {
    const table = scroll.querySelector("table");
    const body = table.tBodies[0];
    const rows = Array.from(body.rows);
    if (rows.length < 2) return;
    const heads = Array.from(table.tHead.rows[0].cells);
    let order = rows;
    let needle = "";
    let isCut = rows.length > LONG;

    const sort = (place) => {
      const head = heads[place];
      const before = head.getAttribute("aria-sort");
      // Numbers are most often wanted from the largest down. The third time gives back the report's own order.
      const [first, second] = head.classList.contains("n") ? ["descending", "ascending"] : ["ascending", "descending"];
      const next = { [first]: second, [second]: null }[before] ?? (before ? null : first);
      heads.forEach((other) => other.removeAttribute("aria-sort"));
      order = rows.slice();
      if (next) {
        head.setAttribute("aria-sort", next);
        const sign = next === "ascending" ? 1 : -1;
        const values = new Map(rows.map((row) => [row, valueOf(row.cells[place])]));
        order.sort((left, right) => {
          const [a, b] = [values.get(left), values.get(right)];
          return (a === null) - (b === null) || sign * compare(a, b);
        });
      }
      body.append(...order);
      show();
    };
    heads.forEach((head, place) => {
      const button = make("button", { type: "button", className: "sort" });
      button.setAttribute("aria-label", fill(words.sort, { column: head.textContent.trim() }));
      head.append(button);
      head.classList.add("sortable");
      head.addEventListener("click", (event) => { if (!event.target.closest("a")) sort(place); });
    });

    const texts = new Map();
    const textOf = (row) => {
      // The whole of a name that is cut stands in its title.
      if (!texts.has(row)) texts.set(row, [row.textContent, ...all(row, "[title]").map((name) => name.title)].join(" ").toLowerCase());
      return texts.get(row);
    };
    const bar = make("div", { className: "bar" });
    const count = make("span", { className: "count" });
    const more = make("button", { type: "button", className: "more" });
    count.setAttribute("aria-live", "polite");
    const show = () => {
      let n = 0;
      for (const row of order) {
        const isOut = row.classList.contains("other") || (needle !== "" && !textOf(row).includes(needle));
        row.classList.toggle("out", isOut);
        row.classList.toggle("over", !isOut && needle === "" && isCut && n >= SHORT);
        if (!isOut && !row.classList.contains("over")) n += 1;
      }
      count.textContent = fill(words.rows, { shown: n, all: rows.length });
      more.textContent = fill(isCut ? words.all : words.fewer, { all: rows.length });
      more.hidden = needle !== "";
    };
    if (rows.length > FILTER) {
      const filter = make("input", { type: "search", placeholder: words.filter });
      filter.setAttribute("aria-label", words.filter);
      filter.addEventListener("input", () => { needle = filter.value.trim().toLowerCase(); show(); });
      bar.append(filter, count);
      scroll.before(bar);
    }
    if (rows.length > LONG) {
      more.addEventListener("click", () => { isCut = !isCut; show(); });
      scroll.after(more);
    }
    table.addEventListener("picked", show);
    show();
  };

  // Boxes that scroll take the focus, those that do not stay out of the way.
  const boxes = new ResizeObserver((entries) => {
    for (const { target } of entries) {
      if (target.scrollWidth > target.clientWidth + 1) target.tabIndex = 0;
      else target.removeAttribute("tabindex");
    }
  });

  // Charts -----------------------------------------------------------------------------------------------------------

  const note = byId("note");
  let noted = null;

  const hideNote = () => { note.hidden = true; noted = null; };
  const showNote = (mark) => {
    const [title, ...lines] = mark.dataset.told.split("\n");
    note.replaceChildren(make("strong", { textContent: title }));
    for (const line of lines) {
      const at = line.indexOf(": ");
      const row = make("span", {});
      if (at > 0) row.append(make("span", { textContent: line.slice(0, at) }), make("b", { textContent: line.slice(at + 2) }));
      else row.textContent = line;
      note.append(row);
    }
    note.hidden = false;
    noted = mark;
    const place = mark.getBoundingClientRect();
    const { offsetWidth: width, offsetHeight: height } = note;
    const left = Math.min(Math.max(place.left + place.width / 2 - width / 2, 8), innerWidth - width - 8);
    const above = place.top - height - 8;
    note.style.left = `${Math.max(left, 4)}px`;
    note.style.top = `${above >= 4 ? above : Math.min(place.bottom + 8, innerHeight - height - 4)}px`;
  };

  const enhanceChart = (svg) => {
    const marks = all(svg, ".mark");
    marks.forEach((mark, place) => {
      // The text moves from the browser's own tool tip to ours and to those who listen.
      mark.dataset.told = mark.querySelector("title").textContent;
      mark.querySelector("title").remove();
      mark.setAttribute("aria-label", mark.dataset.told.replace(/\n/g, ", "));
      // One stop for the tabulator in each chart; arrows go on from there.
      mark.setAttribute("tabindex", place === 0 ? "0" : "-1");
    });
    if (marks.length > 0) marks[0].setAttribute("aria-describedby", "keys");
    svg.addEventListener("keydown", (event) => {
      const at = marks.indexOf(event.target);
      const to = { ArrowRight: at + 1, ArrowDown: at + 1, ArrowLeft: at - 1, ArrowUp: at - 1, Home: 0, End: marks.length - 1 }[event.key];
      if (at < 0 || to === undefined) return;
      event.preventDefault();
      const next = marks[Math.min(Math.max(to, 0), marks.length - 1)];
      marks.forEach((mark) => mark.setAttribute("tabindex", mark === next ? "0" : "-1"));
      next.focus();
    });
  };
  const markOf = (event) => (event.target instanceof Element ? event.target.closest(".mark") : null);
  document.addEventListener("pointerover", (event) => {
    const mark = markOf(event);
    if (mark) showNote(mark);
    else if (noted && noted !== document.activeElement) hideNote();
  });
  document.addEventListener("focusin", (event) => { const mark = markOf(event); if (mark) showNote(mark); else hideNote(); });
  document.addEventListener("focusout", hideNote);
  document.addEventListener("keydown", (event) => { if (event.key === "Escape") hideNote(); });

  const enhance = (root) => {
    all(root, ".scroll").forEach(enhanceTable);
    all(root, "svg.chart").forEach(enhanceChart);
    all(root, ".scroll, figure").forEach((box) => boxes.observe(box));
  };

  // Views ------------------------------------------------------------------------------------------------------------

  const whole = new Map(all(document, "[data-slot]").map((slot) => [slot.dataset.slot, Array.from(slot.childNodes)]));
  const templates = new Map(all(document, "template.view").map((view) => [view.dataset.key, view]));
  const chosen = { view: "all", flow: "all" };

  const swap = () => {
    hideNote();
    const view = templates.get(chosen.view);
    const copy = view?.content.cloneNode(true);
    for (const [name, nodes] of whole) {
      const slot = document.querySelector(`main [data-slot="${name}"]`);
      if (!copy) {
        slot.replaceChildren(...nodes);
        continue;
      }
      const part = copy.querySelector(`[data-slot="${name}"]`);
      slot.replaceChildren(make("p", { className: "only", textContent: fill(words.only, { name: view.dataset.name }) }), ...part.childNodes);
      enhance(slot);
    }
    all(document, ".whole").forEach((sentence) => { sentence.hidden = !view; });
  };
  const pick = () => {
    for (const piece of all(document, "main [data-flow]")) {
      const isOther = chosen.flow !== "all" && piece.dataset.flow !== chosen.flow;
      if (piece.tagName === "TR") piece.classList.toggle("other", isOther);
      else piece.hidden = isOther;
    }
    all(document, "main table").forEach((table) => table.dispatchEvent(new Event("picked")));
  };
  // The address says what is shown, so that a link leads there and the back button leads back.
  const read = () => {
    const text = location.hash.slice(1);
    // A link to a chapter or a definition changes nothing of what is shown.
    if (text !== "" && !/^(view|flow)=/.test(text)) return false;
    const found = new URLSearchParams(text);
    const next = { view: found.get("view") ?? "all", flow: found.get("flow") ?? "all" };
    if (!templates.has(next.view)) next.view = "all";
    const flow = byId("flow");
    if (!flow || !Array.from(flow.options).some((option) => option.value === next.flow)) next.flow = "all";
    if (next.view === chosen.view && next.flow === chosen.flow) return false;
    const isSwap = next.view !== chosen.view;
    Object.assign(chosen, next);
    if (isSwap) swap();
    pick();
    for (const id of ["view", "flow"]) if (byId(id)) byId(id).value = chosen[id];
    return true;
  };
  const tell = () => {
    const named = (id) => (byId(id) ? byId(id).selectedOptions[0].textContent : "");
    const names = [named("view"), chosen.flow === "all" ? "" : named("flow")].filter((name) => name !== "");
    say(fill(words.now, { name: names.join(" · ") }));
  };
  addEventListener("hashchange", () => { if (read()) tell(); });
  for (const id of ["view", "flow"]) {
    byId(id)?.addEventListener("change", () => {
      const next = { ...chosen, [id]: byId(id).value };
      const pieces = Object.entries(next).filter(([key, value]) => key === "view" || value !== "all");
      location.hash = pieces.map(([key, value]) => `${key}=${encodeURIComponent(value).replace("%3A", ":")}`).join("&");
    });
  }

  // Contents ---------------------------------------------------------------------------------------------------------

  const contents = document.querySelector(".toc");
  const links = all(contents, "nav a");
  const sections = links.map((link) => byId(link.hash.slice(1)));
  const here = contents.querySelector(".here");
  const side = document.querySelector(".side");
  let current = null;
  const locate = () => {
    const line = innerHeight * 0.3;
    const isEnd = scrollY + innerHeight >= document.documentElement.scrollHeight - 2;
    const passed = sections.findLastIndex((section) => section.getBoundingClientRect().top <= line);
    const link = links[isEnd && scrollY > 0 ? links.length - 1 : Math.max(passed, 0)];
    if (link === current) return;
    current?.removeAttribute("aria-current");
    link.setAttribute("aria-current", "location");
    here.textContent = link.textContent;
    current = link;
    // Only the contents scroll, never the page.
    if (side.scrollHeight > side.clientHeight && !isNarrow.matches) side.scrollTop = link.offsetTop - side.clientHeight / 2;
  };
  let isWaiting = false;
  addEventListener("scroll", () => {
    if (noted && noted !== document.activeElement) hideNote();
    else if (noted) showNote(noted);
    if (isWaiting) return;
    isWaiting = true;
    requestAnimationFrame(() => { isWaiting = false; locate(); });
  }, { passive: true });
  const fold = () => { contents.open = !isNarrow.matches; };
  isNarrow.addEventListener("change", fold);
  links.forEach((link) => link.addEventListener("click", () => { if (isNarrow.matches) contents.open = false; }));

  // Colours and paper ------------------------------------------------------------------------------------------------

  const KEY = `trichter colours ${location.pathname}`;
  const theme = byId("theme");
  const paint = (value) => {
    if (value === "auto") delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = value;
  };
  // Some browsers keep nothing for files.
  const kept = (() => { try { return localStorage.getItem(KEY); } catch { return null; } })();
  if (kept === "light" || kept === "dark") { theme.value = kept; paint(kept); }
  theme.addEventListener("change", () => {
    paint(theme.value);
    try { localStorage.setItem(KEY, theme.value); } catch { /* It holds until the page is left. */ }
  });
  let opened = [];
  addEventListener("beforeprint", () => {
    opened = all(document, "main details:not([open])");
    opened.forEach((details) => { details.open = true; });
  });
  addEventListener("afterprint", () => opened.forEach((details) => { details.open = false; }));

  contents.querySelector(".controls").hidden = false;
  enhance(document.querySelector("main"));
  fold();
  read();
  locate();
})();
