// Everything by its name: what this page offers stands in it already, views and requests come from the server.
const dialog = document.getElementById("palette");
const input = dialog?.querySelector("input");
const list = document.getElementById("palette-list");
const words = dialog?.dataset;
const one = (selector) => document.querySelector(selector);
const SHOWN = 40;
let views = [], found = [], at = 0, waiting = null, asked = 0;

function text(node) {
  const own = (node.querySelector(".clip") || node).cloneNode(true);
  own.querySelectorAll("kbd, .chip, .count, .num, .sr").forEach((extra) => extra.remove());
  return own.textContent.trim().replace(/\s+/g, " ");
}
const named = (node) => node.getAttribute("aria-label") || node.querySelector("svg[aria-label]")?.getAttribute("aria-label") || text(node);
const each = (selector, group, make) => [...document.querySelectorAll(selector)].map((node) => ({ group, run: () => node.click(), label: named(node), ...make?.(node) }));

// What may be done is read from the page, so that the palette never offers what the page does not.
function commands() {
  const language = document.getElementById("language");
  return [
    ...each("[data-offer] > summary", words.acts, (node) => ({ note: node.querySelector("kbd")?.textContent, run: () => {
      const offer = node.parentElement;
      offer.open = true;
      offer.scrollIntoView({ block: "nearest" });
      setTimeout(() => (offer.querySelector("input[type=radio]:checked") || offer.querySelector("[data-confirm-press]")).focus());
    } })),
    ...each("#case button[name=quality]:not([aria-current])", words.acts, (node) => ({ label: `${words.quality}: ${text(node)}` })),
    ...each("#case form[action$='/assign'] button, #case [data-next], #case [data-prev], #case [data-back]", words.acts),
    ...each("[data-news-show]:not([hidden])", words.views, (node) => ({ label: node.querySelector("[data-news-text]").textContent, note: "R" })),
    ...each(".pills a:not([aria-current])", words.views),
    ...views.filter((view) => ![...document.querySelectorAll(".pills a")].some((pill) => pill.getAttribute("href") === view.url)).map((view) => ({ ...view, group: words.views })),
    ...each(".side [data-key=n], .nav a", words.pages),
    ...each(".side .menu__box a.line", words.pages),
    ...(language ? [...language.options].filter((option) => !option.selected).map((option) => ({ group: words.look, label: `${words.language}: ${option.text}`, run: () => { language.value = option.value; language.form.requestSubmit(); } })) : []),
    ...each("[data-theme-set]", words.look, (node) => ({ label: `${words.theme}: ${named(node)}` })),
    ...each(".side [data-open-dialog=keys]", words.look, (node) => ({ note: "?" })),
    ...each(".side form[action*=logout] button", words.look),
  ];
}

// Typed in the other layout by mistake, it is understood all the same.
const LATIN = "qwertyuiop[]asdfghjkl;'zxcvbnm,.", CYRILLIC = "йцукенгшщзхъфывапролджэячсмитьбю";
const turned = (said) => [...said].map((c) => { const l = LATIN.indexOf(c), r = CYRILLIC.indexOf(c); return l >= 0 ? CYRILLIC[l] : r >= 0 ? LATIN[r] : c; }).join("");
function fits(said, command) {
  const name = `${command.label} ${command.group}`.toLowerCase();
  const score = (query) => {
    const parts = query.split(/\s+/).filter(Boolean);
    if (!parts.every((part) => name.includes(part))) return 0;
    return parts.every((part) => name.split(/[\s:·]+/).some((word) => word.startsWith(part))) ? 2 : 1;
  };
  return said ? Math.max(score(said), score(turned(said))) : 1;
}

function draw() {
  const said = input.value.trim().toLowerCase();
  const scored = commands().map((command) => ({ command, score: fits(said, command) })).filter(({ score }) => score);
  const shown = scored.sort((a, b) => b.score - a.score).map(({ command }) => command).slice(0, SHOWN);
  if (said) shown.push(...found.map((hit) => ({ ...hit, group: words.found })));
  if (said) shown.push({ group: words.found, label: `${words.everywhere}: ${input.value.trim()}`, url: `${words.search}?q=${encodeURIComponent(input.value.trim())}` });
  const groups = new Map();
  shown.forEach((command) => groups.set(command.group, [...(groups.get(command.group) || []), command]));
  let n = 0;
  list.replaceChildren(...[...groups].map(([name, members]) => {
    const group = document.createElement("div");
    group.setAttribute("role", "group");
    group.setAttribute("aria-label", name);
    const head = document.createElement("div");
    head.className = "palette__group";
    head.setAttribute("aria-hidden", "true");
    head.textContent = name;
    group.append(head, ...members.map((command) => {
      const option = document.createElement("div");
      option.setAttribute("role", "option");
      option.id = `palette-${n++}`;
      const label = document.createElement("span");
      label.className = "clip";
      label.textContent = command.label;
      option.append(label);
      if (command.note) {
        const note = document.createElement("span");
        note.className = "small muted clip push";
        note.textContent = command.note;
        option.append(note);
      }
      option.run = command.run || (() => { location.href = command.url; });
      return option;
    }));
    return group;
  }));
  mark(0);
  dialog.querySelector("[data-palette-count]").textContent = `${words.count}: ${n}`;
}
const options = () => [...list.querySelectorAll("[role=option]")];
function mark(index) {
  const all = options();
  at = all.length ? (index + all.length) % all.length : 0;
  all.forEach((option, n) => option.setAttribute("aria-selected", String(n === at)));
  input.setAttribute("aria-activedescendant", all[at]?.id || "");
  all[at]?.scrollIntoView({ block: "nearest" });
}
function run(option) {
  if (!option) return;
  shut();
  option.run();
}

async function ask(query) {
  const mine = query ? ++asked : 0;
  const answer = await fetch(`${words.url}?q=${encodeURIComponent(query)}`);
  if (!answer.ok || (query && mine !== asked)) return;
  const told = (await answer.json()).found;
  if (query) found = told;
  else views = told;
  const kept = at && options()[at]?.textContent;
  draw();
  mark(Math.max(0, options().findIndex((option) => option.textContent === kept)));
}

function shut() {
  input.blur(); // the next key belongs to the page at once
  dialog.close();
}
export function show() {
  if (!dialog || dialog.open || one("dialog[open]")) return;
  input.value = "";
  found = [];
  dialog.showModal();
  draw();
  if (!views.length) ask("").catch(() => {});
}

if (dialog) {
  document.addEventListener("keydown", (event) => {
    if (event.code !== "KeyK" || !(event.ctrlKey || event.metaKey) || event.altKey || event.shiftKey) return;
    event.preventDefault();
    if (dialog.open) shut();
    else show();
  });
  document.addEventListener("click", (event) => {
    if (event.target.closest("[data-palette]")) show();
    if (event.target === dialog) shut();
  });
  input.addEventListener("input", () => {
    clearTimeout(waiting);
    asked++;
    const query = input.value.trim();
    if (query.length < 2) found = [];
    else waiting = setTimeout(() => ask(query).catch(() => {}), 150);
    draw();
  });
  input.addEventListener("keydown", (event) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) mark(at + step);
    else if (event.key === "Home" && event.ctrlKey) mark(0);
    else if (event.key === "End" && event.ctrlKey) mark(-1);
    else if (event.key === "Escape") shut();
    else if (event.key === "Enter" && !event.isComposing) run(options()[at]);
    else return;
    event.preventDefault();
    event.stopPropagation();
  });
  list.addEventListener("click", (event) => run(event.target.closest("[role=option]")));
  list.addEventListener("pointermove", (event) => {
    const option = event.target.closest("[role=option]");
    if (option && options().indexOf(option) !== at) mark(options().indexOf(option));
  });
}
