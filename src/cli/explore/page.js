"use strict";
// What the page does. All text of the script that is shown becomes text nodes; nothing of it is taken for markup.
(() => {
  const data = JSON.parse(document.getElementById("content").textContent);
  const by = (id) => document.getElementById(id);
  const hex = (number) => "0x" + number.toString(16);
  const columns = ["source", "guest", "form", "native"];
  const total = data.functions.reduce((sum, f) => sum + f.w, 0);
  const times = (count) => (Math.round(count) === 1 ? "once" : Math.round(count) + " times");
  const share = (weight) => (total ? (100 * weight) / total : 0);
  const callers = data.functions.map(() => []);
  data.functions.forEach((f, number) => f.c.forEach((callee) => callers[callee].push(number)));

  let current = -1; // the function that is shown
  let rows = new Map(); // from a guest address to the rows that belong to it

  function element(name, className, text) {
    const made = document.createElement(name);
    if (className) made.className = className;
    if (text !== undefined) made.textContent = text;
    return made;
  }

  // ---- the list of functions, and the search ----

  const order = data.functions.map((_, number) => number);
  order.sort((a, b) => data.functions[b].w - data.functions[a].w || data.functions[a].a - data.functions[b].a);

  function functionButton(number) {
    const f = data.functions[number];
    const button = element("button", f.d ? "" : "hidden-code");
    button.type = "button";
    button.dataset.function = number;
    button.title = f.n + " at " + hex(f.a) + (f.d ? "" : " (its code is not in this page)");
    if (data.has_heat && f.w) {
      const bar = element("span", "bar");
      bar.style.width = share(f.w) + "%";
      button.append(bar, element("span", "share", share(f.w).toFixed(1) + "%"));
    }
    button.append(element("span", "", f.n));
    button.onclick = () => show(number);
    return button;
  }

  function list() {
    const wanted = by("search").value.trim().toLowerCase();
    const nav = by("functions");
    nav.textContent = "";
    let hits = 0;
    for (const number of order) {
      const f = data.functions[number];
      const named = f.n.toLowerCase().includes(wanted) || hex(f.a).includes(wanted);
      const found = [];
      if (wanted && f.d && hits < 300) {
        for (const block of f.d.b) {
          for (const inst of block.i) {
            if (hex(inst.p).includes(wanted) || inst.t.toLowerCase().includes(wanted)) found.push(inst);
          }
        }
      }
      if (!named && !found.length) continue;
      nav.append(functionButton(number));
      for (const inst of found.slice(0, 12)) {
        hits += 1;
        const hit = element("button", "hit", hex(inst.p) + "  " + inst.t);
        hit.type = "button";
        hit.onclick = () => { show(number); light(inst.p); };
        nav.append(hit);
      }
      if (found.length > 12) nav.append(element("p", "", "and " + (found.length - 12) + " more"));
    }
    if (!nav.children.length) nav.append(element("p", "", "Nothing has “" + wanted + "” in it."));
    mark();
  }

  function mark() {
    for (const button of by("functions").querySelectorAll("button[data-function]")) {
      button.setAttribute("aria-current", String(Number(button.dataset.function) === current));
    }
  }

  // ---- the columns ----

  function row(pc, parts) {
    const made = element("div", "row");
    for (const [className, text] of parts) made.append(element("span", className, text));
    if (pc !== undefined && pc !== null) {
      made.dataset.pc = pc;
      if (!rows.has(pc)) rows.set(pc, []);
      rows.get(pc).push(made);
      made.onclick = () => light(pc, made);
    }
    return made;
  }

  function show(number) {
    current = number;
    rows = new Map();
    const f = data.functions[number];
    const into = {};
    for (const id of columns) {
      into[id] = by(id).querySelector(".lines");
      into[id].textContent = "";
      into[id].scrollTop = 0;
    }
    if (!f.d) {
      const note = "The code of this function is not in the page. Write one with --function " + f.n +
        ", or with a larger --max-bytes.";
      into.guest.append(element("div", "note", note));
    } else {
      fillGuest(into.guest, f);
      fillLines(into.form, f.d.i, (line) => [["", line.t]]);
      fillLines(into.native, f.d.x, (line) => [["n", hex(line.o)], ["", line.t]]);
    }
    fillSource(into.source, f);
    calls(number);
    blocks(f);
    mark();
    const at = "#" + hex(f.a);
    if (location.hash !== at) history.replaceState(null, "", at);
  }

  function fillGuest(into, f) {
    for (const block of f.d.b) {
      let text = hex(block.h) + "  " + block.c + " cycles, " + block.e;
      if (block.w) text += ", run " + times(block.w / block.c) + ", " + share(block.w).toFixed(1) + "%";
      const head = element("div", "block", text);
      head.style.setProperty("--heat", Math.min(100, share(block.w)) + "%");
      head.dataset.head = block.h;
      into.append(head);
      for (const inst of block.i) {
        into.append(row(inst.p, [["n", hex(inst.p)], ["c", String(inst.c)], ["", inst.t]]));
      }
    }
  }

  function fillLines(into, lines, parts) {
    if (!lines.length) into.append(element("div", "note", "There is none: the interpreter runs this code."));
    for (const line of lines) into.append(row(line.p, parts(line)));
  }

  function fillSource(into, f) {
    // From file and line to the instructions that were made of it.
    const files = new Map();
    const blocks = f.d ? f.d.b : [];
    for (const block of blocks) {
      for (const inst of block.i) {
        if (!inst.l) continue;
        const [file, line] = inst.l;
        if (!files.has(file)) files.set(file, new Map());
        const lines = files.get(file);
        if (!lines.has(line)) lines.set(line, []);
        lines.get(line).push(inst.p);
      }
    }
    by("source").hidden = !data.files.length;
    if (!files.size) into.append(element("div", "note", "The ELF says no source lines for this function."));
    for (const [file, lines] of files) {
      const known = data.files[file];
      into.append(element("div", "block", known.name));
      if (known.text === null) {
        into.append(element("div", "note", "This file is not in the page; name its folder with --source."));
      }
      const text = known.text === null ? null : known.text.split("\n");
      const numbers = [...lines.keys()].sort((a, b) => a - b);
      // The lines of the function, with a few around them.
      const wanted = new Set();
      for (const number of numbers) {
        for (let near = number - (text ? 3 : 0); near <= number + (text ? 3 : 0); near++) wanted.add(near);
      }
      let last = null;
      for (const number of [...wanted].sort((a, b) => a - b)) {
        if (number < 1 || (text && number > text.length)) continue;
        if (last !== null && number !== last + 1) into.append(element("div", "block", "…"));
        last = number;
        const made = element("div", "row");
        made.append(element("span", "n", String(number)), element("span", "", text ? text[number - 1] : ""));
        const pcs = lines.get(number);
        if (pcs) {
          made.dataset.line = number;
          for (const pc of pcs) {
            if (!rows.has(pc)) rows.set(pc, []);
            rows.get(pc).push(made);
          }
          made.onclick = () => light(pcs, made);
        } else {
          made.style.opacity = 0.6;
        }
        into.append(made);
      }
    }
  }

  // Lights up whatever belongs to these guest addresses, and brings it into view in the other columns.
  function light(pcs, from) {
    for (const lit of document.querySelectorAll(".row.lit")) lit.classList.remove("lit");
    const wanted = Array.isArray(pcs) ? pcs : [pcs];
    const firsts = new Map();
    for (const pc of wanted) {
      for (const made of rows.get(pc) || []) {
        made.classList.add("lit");
        const column = made.closest(".column");
        if (!firsts.has(column)) firsts.set(column, made);
      }
    }
    for (const [column, made] of firsts) {
      if (from && column === from.closest(".column")) continue;
      const lines = column.querySelector(".lines");
      lines.scrollTop = made.offsetTop - lines.offsetTop - lines.clientHeight / 3;
    }
    if (wanted.length) history.replaceState(null, "", "#" + hex(wanted[0]));
  }

  // ---- pictures ----

  const SVG = "http://www.w3.org/2000/svg";
  function svg(name, attributes) {
    const made = document.createElementNS(SVG, name);
    for (const [key, value] of Object.entries(attributes || {})) made.setAttribute(key, value);
    return made;
  }

  function node(x, y, width, lines, weight, act) {
    const group = svg("g", { class: "node", transform: `translate(${x},${y})`, tabindex: 0 });
    group.append(svg("rect", { class: "box", width, height: 8 + 16 * lines.length, rx: 4 }));
    if (weight) {
      const heat = svg("rect", { width, height: 8 + 16 * lines.length, rx: 4 });
      heat.style.fill = `rgba(var(--hot), ${Math.min(0.6, weight / 100 + 0.05)})`;
      group.append(heat);
    }
    lines.forEach((text, number) => {
      const made = svg("text", { x: 8, y: 18 + 16 * number });
      const fits = Math.floor((width - 16) / 7.3);
      made.textContent = text.length > fits ? text.slice(0, fits - 1) + "…" : text;
      group.append(made);
    });
    const title = svg("title");
    title.textContent = lines.join("\n");
    group.append(title);
    group.onclick = act;
    group.onkeydown = (event) => { if (event.key === "Enter") act(); };
    return group;
  }

  const MOST = 24; // callers or callees in a picture; the list of functions has all
  function calls(number) {
    const into = by("callgraph").querySelector(".picture");
    into.textContent = "";
    const sides = [callers[number], data.functions[number].c].map((side) => {
      const sorted = [...side].sort((a, b) => data.functions[b].w - data.functions[a].w);
      return sorted.slice(0, MOST);
    });
    const height = Math.max(1, sides[0].length, sides[1].length) * 30 + 4;
    const width = 190;
    const picture = svg("svg", { width: 3 * width + 120, height });
    const middle = height / 2 - 12;
    const label = (n) => [data.functions[n].n];
    sides.forEach((side, which) => {
      side.forEach((other, at) => {
        const y = height / 2 + (at - (side.length - 1) / 2) * 30 - 12;
        const x = which ? 2 * width + 118 : 0;
        const [from, to] = which ? [width * 2 + 60, x] : [width, width + 60];
        const [a, b] = which ? [middle + 12, y + 12] : [y + 12, middle + 12];
        picture.append(svg("path", { d: `M${from},${a} C${from + 30},${a} ${to - 30},${b} ${to},${b}` }));
        picture.append(node(x, y, width, label(other), share(data.functions[other].w), () => show(other)));
      });
    });
    const self = node(width + 60, middle, width, label(number), share(data.functions[number].w), () => {});
    self.classList.add("self");
    picture.append(self);
    into.append(picture);
    const cut = callers[number].length > MOST || data.functions[number].c.length > MOST;
    if (cut) into.append(element("div", "note", "Only " + MOST + " of them are drawn on each side."));
    if (!callers[number].length) into.append(element("div", "note", "No direct call leads here."));
  }

  const MOST_BLOCKS = 400;
  function blocks(f) {
    const into = by("blockgraph").querySelector(".picture");
    into.textContent = "";
    if (!f.d) return;
    if (f.d.b.length > MOST_BLOCKS) {
      into.append(element("div", "note", f.d.b.length + " blocks are too many for a picture."));
      return;
    }
    const numbers = new Map(f.d.b.map((block, number) => [block.h, number]));
    const edges = [];
    f.d.b.forEach((block, from) => block.s.forEach((head) => {
      if (numbers.has(head)) edges.push([from, numbers.get(head)]);
    }));
    // Layers: a block is below those that lead to it, but for edges that close a circle.
    const out = f.d.b.map(() => []);
    edges.forEach(([from, to]) => out[from].push(to));
    const state = f.d.b.map(() => 0);
    const back = new Set();
    const sorted = [];
    f.d.b.forEach((_, root) => {
      if (state[root]) return;
      const stack = [[root, 0]];
      state[root] = 1;
      while (stack.length) {
        const top = stack[stack.length - 1];
        const next = out[top[0]][top[1]++];
        if (next === undefined) {
          state[top[0]] = 2;
          sorted.push(top[0]);
          stack.pop();
        } else if (state[next] === 1) {
          back.add(top[0] + ">" + next);
        } else if (!state[next]) {
          state[next] = 1;
          stack.push([next, 0]);
        }
      }
    });
    const layer = f.d.b.map(() => 0);
    for (const from of sorted.reverse()) {
      for (const to of out[from]) {
        if (!back.has(from + ">" + to)) layer[to] = Math.max(layer[to], layer[from] + 1);
      }
    }
    const layers = [];
    layer.forEach((number, block) => (layers[number] = layers[number] || []).push(block));
    const [width, height, gapX, gapY] = [170, 40, 24, 34];
    const place = f.d.b.map(() => [0, 0]);
    let widest = 0;
    layers.forEach((members, depth) => {
      members.forEach((block, at) => { place[block] = [20 + at * (width + gapX), 6 + depth * (height + gapY)]; });
      widest = Math.max(widest, members.length);
    });
    const picture = svg("svg", { width: 60 + widest * (width + gapX), height: layers.length * (height + gapY) });
    for (const [from, to] of edges) {
      const [x1, y1, x2, y2] = [place[from][0] + width / 2, place[from][1] + height, place[to][0] + width / 2, place[to][1]];
      const isBack = y2 <= y1;
      const d = isBack
        ? `M${place[from][0] + width},${y1 - 12} C${place[from][0] + width + 40},${y1} ${place[to][0] + width + 40},${y2} ${place[to][0] + width},${y2 + 12}`
        : `M${x1},${y1} C${x1},${y1 + gapY / 2} ${x2},${y2 - gapY / 2} ${x2},${y2}`;
      picture.append(svg("path", { d, class: isBack ? "back" : "" }));
    }
    f.d.b.forEach((block, number) => {
      const lines = [hex(block.h), block.c + " cycles" + (block.w ? ", " + share(block.w).toFixed(1) + "%" : "")];
      const act = () => light(block.i.map((inst) => inst.p));
      picture.append(node(place[number][0], place[number][1], width, lines, share(block.w), act));
    });
    into.append(picture);
  }

  // ---- the rest ----

  function tabs() {
    const names = { source: "Source", guest: "Guest", form: "Intermediate", native: "Native" };
    const choose = (id) => {
      for (const other of columns) by(other).classList.toggle("chosen", other === id);
      for (const tab of by("tabs").children) tab.setAttribute("aria-selected", String(tab.dataset.column === id));
    };
    for (const id of columns) {
      if (id === "source" && !data.files.length) continue;
      const tab = element("button", "", names[id]);
      tab.type = "button";
      tab.dataset.column = id;
      tab.setAttribute("role", "tab");
      tab.onclick = () => choose(id);
      by("tabs").append(tab);
    }
    choose("guest");
  }

  function start() {
    const at = Number.parseInt(location.hash.slice(1), 16);
    let number = order.find((n) => data.functions[n].d);
    if (number === undefined) number = order[0];
    if (!Number.isNaN(at)) {
      const owner = data.functions.findIndex((f) => f.a === at ||
        (f.d && f.d.b.some((block) => block.i.some((inst) => inst.p === at))));
      if (owner >= 0) number = owner;
    }
    if (number === undefined) return;
    const wanted = at;
    show(number);
    if (rows.has(wanted)) light(wanted);
  }

  by("title").textContent = data.title;
  for (const [name, value] of data.facts) by("facts").append(element("dt", "", name), element("dd", "", value));
  by("search").oninput = list;
  by("theme").onclick = () => {
    const root = document.documentElement;
    const dark = root.dataset.theme ? root.dataset.theme === "dark"
      : window.matchMedia("(prefers-color-scheme: dark)").matches;
    root.dataset.theme = dark ? "light" : "dark";
  };
  document.addEventListener("keydown", (event) => {
    if (event.key === "/" && document.activeElement !== by("search")) {
      event.preventDefault();
      by("search").focus();
    }
  });
  window.addEventListener("hashchange", start);
  tabs();
  list();
  start();
})();
