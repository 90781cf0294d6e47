"use strict";
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const root = document.documentElement;
  const all = (selector, inside = document) => [...inside.querySelectorAll(selector)];
  const make = (tag, given = {}, ...children) => {
    const element = Object.assign(document.createElement(tag), given);
    element.append(...children);
    return element;
  };

  // Colours: those of the system, until the reader chooses.
  const KEPT = "mmer-sweep-colours";
  const themes = document.getElementById("theme");
  const wantsDark = matchMedia("(prefers-color-scheme: dark)");
  const isDark = () => (root.dataset.theme ? root.dataset.theme === "dark" : wantsDark.matches);
  const tellTheme = () => themes.setAttribute("aria-pressed", isDark());
  try {
    root.dataset.theme = localStorage.getItem(KEPT) ?? "";
  } catch { /* a page in a frame may have no storage */ }
  themes.addEventListener("click", () => {
    root.dataset.theme = isDark() ? "light" : "dark";
    try {
      localStorage.setItem(KEPT, root.dataset.theme);
    } catch { /* the choice then lasts as long as the page */ }
    tellTheme();
  });
  wantsDark.addEventListener("change", tellTheme);
  tellTheme();

  // Where each cell of a table stands, cells counted that span columns and lines.
  const placesOf = (table) => {
    const places = new Map();
    for (const section of [table.tHead, ...table.tBodies]) {
      const taken = [...section.rows].map(() => []);
      [...section.rows].forEach((row, line) => {
        let column = 0;
        for (const cell of row.cells) {
          while (taken[line][column]) column += 1;
          for (let down = 0; down < cell.rowSpan; down += 1)
            for (let right = 0; right < cell.colSpan; right += 1)
              (taken[line + down] ?? [])[column + right] = true;
          places.set(cell, { column, width: cell.colSpan });
        }
      });
    }
    return places;
  };

  // Sorting: a click on a header goes from ascending to descending to the order of the report.
  const NUMBER = /^[+-]?\d[\d,]*(\.\d+)?(?![\w.-])/;
  const NOTHING = ["", "\u2013", "none", "reference"];
  const read = (cell) => {
    const text = cell ? cell.textContent.trim() : "";
    const found = NUMBER.exec(text);
    const number = found && Number(found[0].replaceAll(",", ""));
    return { text, number, isEmpty: NOTHING.includes(text) };
  };
  const compare = (one, other, sign) => {
    if (one.isEmpty || other.isEmpty) return one.isEmpty - other.isEmpty;
    if (one.number !== null && other.number !== null) return sign * (one.number - other.number);
    if ((one.number === null) !== (other.number === null)) return one.number === null ? 1 : -1;
    return sign * one.text.localeCompare(other.text, "en", { numeric: true });
  };
  const addSorting = (table, places) => {
    const orders = new Map([...table.tBodies].map((body) => [body, [...body.rows]]));
    const corner = table.querySelector("thead td");
    if (corner) {
      const head = make("th", { scope: "col", rowSpan: corner.rowSpan, className: "corner" });
      head.append(table.classList.contains("scores") ? "row" : "claim");
      places.set(head, places.get(corner));
      places.delete(corner);
      corner.replaceWith(head);
    }
    const heads = all("thead th[scope=col]", table);
    for (const head of heads) {
      const button = make("button", { type: "button", className: "sort" });
      button.append(...head.childNodes);
      head.append(button);
      button.addEventListener("click", () => {
        const before = head.getAttribute("aria-sort");
        heads.forEach((one) => one.removeAttribute("aria-sort"));
        const next = { ascending: "descending", descending: "" }[before] ?? "ascending";
        if (next) head.setAttribute("aria-sort", next);
        const { column } = places.get(head);
        for (const [body, rows] of orders) {
          if (body.classList.contains("floors")) continue;
          const titles = rows.filter((row) => row.querySelector("[scope=rowgroup]"));
          const others = rows.filter((row) => !titles.includes(row));
          if (next) {
            const keys = new Map(others.map((row) => [row, read(row.cells[column])]));
            const sign = next === "ascending" ? 1 : -1;
            others.sort((one, other) => compare(keys.get(one), keys.get(other), sign));
          }
          body.append(...titles, ...others);
        }
      });
    }
  };

  // The box with what is behind a number: on hover, on focus, and for good after a click.
  const box = document.getElementById("details");
  let shown = null;
  let isPinned = false;
  let leaving = 0;
  const link = (text, href) => make("a", { textContent: text, href });
  const describeSeed = ([number, value, minus]) => {
    const trial = data.trials[number];
    const line = make("li", {}, `${value}: seed ${trial.seed} `);
    if (minus !== undefined) {
      const other = link("that of the other row", `#trial-${data.trials[minus].key}`);
      line.append("minus ", other, " ");
    }
    line.append("(", link("trial", `#trial-${trial.key}`));
    if (trial.record) line.append(", ", link("record", trial.record));
    if (trial.run) line.append(", ", link("MLflow", trial.run));
    line.append(")");
    return line;
  };
  const nameOf = (cell) => {
    const copy = cell.cloneNode(true);
    all("sup", copy).forEach((mark) => mark.remove());
    return copy.textContent.trim();
  };
  const fill = ({ cell, title, about, seeds }) => {
    const parts = [make("strong", { id: "details-title", textContent: title })];
    const value = make("p", { textContent: nameOf(cell) || "nothing" });
    parts.push(value, ...(about ? [make("p", { textContent: about })] : []));
    if (seeds?.length) {
      parts.push(make("ul", {}, ...seeds.map(describeSeed)));
      const trials = seeds.map(([number]) => data.trials[number]);
      for (const [name, what] of [["device", "Device"], ["code", "Code"]]) {
        const values = [...new Set(trials.map((trial) => trial[name]))].join(", ");
        parts.push(make("p", { className: "faint", textContent: `${what}: ${values}` }));
      }
    }
    box.replaceChildren(...parts);
  };
  const place = () => {
    if (!shown) return;
    const at = shown.button.getBoundingClientRect();
    const below = at.bottom + 6 + box.offsetHeight <= innerHeight || at.top < box.offsetHeight + 6;
    const left = Math.max(8, Math.min(at.left, root.clientWidth - box.offsetWidth - 8));
    box.style.left = `${left + scrollX}px`;
    box.style.top = `${(below ? at.bottom + 6 : at.top - 6 - box.offsetHeight) + scrollY}px`;
  };
  const show = (number) => {
    clearTimeout(leaving);
    if (shown === number) return;
    hide();
    shown = number;
    fill(number);
    box.hidden = false;
    number.button.setAttribute("aria-describedby", "details");
    place();
  };
  const hide = () => {
    clearTimeout(leaving);
    if (!shown) return;
    shown.button.removeAttribute("aria-describedby");
    shown.button.setAttribute("aria-expanded", "false");
    box.hidden = true;
    shown = null;
    isPinned = false;
  };
  const leave = () => {
    clearTimeout(leaving);
    leaving = setTimeout(() => {
      if (!isPinned && document.activeElement !== shown?.button) hide();
    }, 250);
  };
  const pin = (number) => {
    show(number);
    isPinned = true;
    number.button.setAttribute("aria-expanded", "true");
    box.focus();
  };
  box.addEventListener("mouseenter", () => clearTimeout(leaving));
  box.addEventListener("mouseleave", leave);
  box.addEventListener("focusout", (event) => {
    if (isPinned && !box.contains(event.relatedTarget)) hide();
  });
  box.addEventListener("keydown", (event) => {
    const links = all("a", box);
    const isFirst = document.activeElement === box || document.activeElement === links[0];
    const isLast = document.activeElement === (links.at(-1) ?? box);
    if (event.key === "Tab" && (event.shiftKey ? isFirst : isLast)) {
      event.preventDefault();
      shown.button.focus();
    }
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || !shown) return;
    if (box.contains(document.activeElement)) shown.button.focus();
    hide();
  });
  addEventListener("scroll", place, { capture: true, passive: true });
  addEventListener("resize", place);

  // Numbers are buttons. One of each table is a stop of the Tab key; arrows lead to the others.
  const isVisible = (element) => element.getClientRects().length > 0;
  const stopAt = (table, button) => {
    all("button.value", table).forEach((one) => { one.tabIndex = one === button ? 0 : -1; });
  };
  const move = (event, table, places) => {
    const rows = all("tbody tr", table)
      .map((row) => all("button.value", row).filter(isVisible))
      .filter((row) => row.length);
    const line = rows.findIndex((row) => row.includes(event.target));
    const columnOf = (button) => places.get(button.closest("td")).column;
    const row = rows[line];
    const number = row.indexOf(event.target);
    const isRightOf = (one) => columnOf(one) >= columnOf(event.target);
    const nearest = (others) => others?.find(isRightOf) ?? others?.at(-1);
    const next = {
      ArrowRight: row[number + 1],
      ArrowLeft: row[number - 1],
      ArrowDown: nearest(rows[line + 1]),
      ArrowUp: nearest(rows[line - 1]),
      Home: row[0],
      End: row.at(-1),
    };
    if (!(event.key in next)) return;
    event.preventDefault();
    next[event.key]?.focus();
  };
  const addDetails = (table, places, known) => {
    const heads = [...places].filter(([cell]) => cell.matches("thead th"));
    [...table.tBodies[0].rows].forEach((row, line) => {
      for (const cell of all("td", row)) {
        const { column } = places.get(cell);
        const seeds = known.cells[line][column - 1] || null;
        const about = cell.title;
        if (!seeds?.length && !about) continue;
        cell.removeAttribute("title");
        const button = make("button", { type: "button", className: "value", tabIndex: -1 });
        button.setAttribute("aria-expanded", "false");
        button.setAttribute("aria-haspopup", "dialog");
        button.append(...cell.childNodes);
        cell.append(button);
        const isAbove = ([, at]) => at.column <= column && column < at.column + at.width;
        const above = heads.filter(isAbove);
        const title = [row.cells[0], ...above.map(([head]) => head)].map(nameOf);
        const number = { button, cell, title: title.join(", "), about, seeds };
        cell.addEventListener("mouseenter", () => { if (!isPinned) show(number); });
        cell.addEventListener("mouseleave", leave);
        button.addEventListener("focus", () => { stopAt(table, button); show(number); });
        button.addEventListener("blur", leave);
        button.addEventListener("click", () => pin(number));
      }
    });
    table.addEventListener("keydown", (event) => {
      if (event.target.matches("button.value")) move(event, table, places);
    });
    stopAt(table, table.querySelector("button.value"));
  };

  // Filters: columns by corpus and metric, claims by verdict and corpus, all of it by study.
  const tools = document.getElementById("tools");
  const state = document.getElementById("state");
  const tables = [];
  const showColumns = ({ table, places, columns }, wants) => {
    const isShown = columns.map(wants);
    for (const [cell, { column, width }] of places) {
      if (column === 0) continue;
      const number = isShown.slice(column - 1, column - 1 + width).filter(Boolean).length;
      cell.hidden = number === 0;
      if (number) cell.colSpan = number;
    }
    const figure = table.closest("figure");
    figure.hidden = !isShown.some(Boolean);
    const stop = table.querySelector("button.value[tabindex='0']");
    if (stop && !figure.hidden && !isVisible(stop))
      stopAt(table, all("button.value", table).find((one) => !one.closest("td").hidden));
    return isShown;
  };
  const corporaOf = (name, claim) =>
    Object.hasOwn(data.claims[name], claim) ? data.claims[name][claim] : [];
  const filter = () => {
    hide();
    const { study, corpus, metric, verdict } = Object.fromEntries(new FormData(tools));
    const studies = study && study.split(" ");
    const count = { studies: [0, 0], columns: [0, 0], claims: [0, 0] };
    const tell = (what, isShown) => { count[what][0] += isShown; count[what][1] += 1; };
    const isOf = (given) => !corpus || given.length === 0 || given.includes(corpus);
    const isWantedColumn = ([of, by]) => (!corpus || of === corpus) && (!metric || by === metric);
    for (const chapter of all(".chapter")) {
      const name = chapter.dataset.name;
      const isWanted = !studies || studies.includes(name);
      let hasColumn = false;
      chapter.hidden = false; // so that what is visible can be seen
      for (const one of tables.filter(({ table }) => chapter.contains(table))) {
        const isShown = showColumns(one, isWantedColumn);
        hasColumn ||= isShown.some(Boolean);
        isShown.forEach((each) => tell("columns", isWanted && each));
      }
      let hasClaim = !verdict;
      for (const row of all(".verdicts tbody tr", chapter)) {
        const corpora = corporaOf(name, row.cells[0].textContent.trim());
        const isRight = !verdict || row.querySelector(".verdict").textContent.trim() === verdict;
        row.hidden = !(isRight && isOf(corpora));
        hasClaim ||= !row.hidden;
        tell("claims", isWanted && !row.hidden);
      }
      chapter.hidden = !(isWanted && hasColumn && hasClaim);
      tell("studies", !chapter.hidden);
      for (const row of all("[data-study]").filter((one) => one.dataset.study === name)) {
        const isRight = !verdict || !row.dataset.verdict || row.dataset.verdict === verdict;
        const corpora = corporaOf(name, row.dataset.claim ?? "");
        row.hidden = chapter.hidden || !isRight || !isOf(corpora);
      }
    }
    for (const one of all("[data-corpus]")) one.hidden = !isOf([one.dataset.corpus]);
    for (const row of all("[data-studies]")) {
      const ofTrial = row.dataset.studies.split(" ");
      row.hidden ||= Boolean(studies) && !ofTrial.some((one) => studies.includes(one));
    }
    const texts = Object.entries(count).map(([what, [number, of]]) => `${what} ${number} of ${of}`);
    state.textContent = `Shown: ${texts.join(", ")}.`;
  };
  const seek = () => {
    const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (!target?.closest("[hidden]")) return;
    tools.reset();
    filter();
    target.scrollIntoView();
  };

  for (const table of all("main table")) {
    const places = placesOf(table);
    const known = data.tables[table.closest("figure")?.id];
    addSorting(table, places);
    if (!known) continue;
    if (table.tBodies.length) addDetails(table, places, known);
    tables.push({ table, places, columns: known.columns });
  }
  tools.addEventListener("change", filter);
  tools.addEventListener("submit", (event) => event.preventDefault());
  tools.addEventListener("reset", () => setTimeout(filter));
  addEventListener("hashchange", seek);
  tools.hidden = false;
  filter();
  seek();
})();
