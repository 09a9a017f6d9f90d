// Draws badges, the panel and the notice, each in a closed shadow tree: nothing of the page is changed, moved or pressed.
"use strict";

globalThis.qaitarDraw = (() => {
  const STYLE = `
    :host { all: initial; }
    * { box-sizing: border-box; font: 13px/1.4 system-ui, "Segoe UI", Roboto, sans-serif; }
    .badge, .box { --back: #fff; --ink: #1c2430; --soft: #5b6675; --line: #d5dbe3; --main: #0b6e5f; --late: #b3261e; --soon: #8a5300; --fill: #f3f6f9; }
    @media (prefers-color-scheme: dark) {
      .badge, .box { --back: #1b222c; --ink: #e8edf3; --soft: #a3afbd; --line: #3a4552; --main: #5cd0bb; --late: #ff8a80; --soon: #f2b866; --fill: #242d39; }
    }
    .badge { display: inline-flex; gap: 6px; align-items: center; margin-left: 8px; padding: 1px 8px; border: 1px solid var(--line); border-radius: 999px; background: var(--back); color: var(--ink); text-decoration: none; white-space: nowrap; vertical-align: middle; font-size: 12px; }
    .badge:hover { border-color: var(--main); } a:focus-visible, button:focus-visible { outline: 2px solid var(--main); outline-offset: 2px; }
    .badge i { width: 8px; height: 8px; border-radius: 50%; background: var(--main); flex: none; }
    .badge[data-time=late] { color: var(--late); } .badge[data-time=late] i { background: var(--late); }
    .badge[data-time=soon] { color: var(--soon); } .badge[data-time=soon] i { background: var(--soon); }
    .box { position: fixed; right: 16px; bottom: 16px; z-index: 2147483000; width: min(360px, calc(100vw - 32px)); max-height: calc(55vh - 24px); overflow: auto; background: var(--back); color: var(--ink); border: 1px solid var(--line); border-radius: 10px; padding: 14px 16px; box-shadow: 0 6px 24px #0003; display: grid; gap: 10px; }
    .box p, .box h2, .box ol, .box ul { margin: 0; padding: 0; } .box h2 { font-size: 15px; font-weight: 600; overflow-wrap: anywhere; }
    .soft { color: var(--soft); font-size: 12px; } .row { display: flex; gap: 8px; align-items: start; justify-content: space-between; }
    .box ol { display: grid; gap: 10px; list-style: none; } .box ul { display: grid; gap: 2px; padding-left: 16px; }
    .text { white-space: pre-wrap; background: var(--fill); border-radius: 6px; padding: 8px 10px; max-height: 140px; overflow: auto; overflow-wrap: anywhere; }
    .step { display: grid; gap: 6px; } .step .row { align-items: center; }
    .press { font-weight: 600; } a { color: var(--main); overflow-wrap: anywhere; }
    button { border: 1px solid var(--line); background: var(--fill); color: var(--ink); border-radius: 6px; padding: 4px 10px; cursor: pointer; white-space: nowrap; }
    button:hover { border-color: var(--main); } .close { border: 0; background: none; padding: 0 4px; font-size: 18px; line-height: 1; color: var(--soft); }
    .notice { border-left: 4px solid var(--soon); top: 16px; bottom: auto; max-height: calc(45vh - 24px); } .warn { border-left-color: var(--late); }
    .box p.waits { border-left: 3px solid var(--soon); padding-left: 10px; } .number { white-space: nowrap; }
  `;
  const SOON_MS = 24 * 3600_000;
  const PROOF_MS = 10 * 60_000; // a press not proved for so long may not have been one
  const NUMBERS_MAX = 12;
  const NUMBER = /(\d{6,}-\d+)/;
  const closed = new Set(); // panels and notices the person put away on this page
  const hosts = {};

  const say = (told, name, ...values) => values.reduce((text, value, index) => text.replaceAll(`{${index}}`, value), told.words[name] ?? "");

  function made(tag, attributes = {}, ...inside) {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
    element.append(...inside.filter((each) => each !== null));
    return element;
  }

  function host(name, ...inside) {
    const element = document.createElement(`qaitar-${name}`);
    const root = element.attachShadow({ mode: globalThis.qaitarOpen ? "open" : "closed" });
    root.append(made("style", {}, STYLE), ...inside);
    return element;
  }

  function left(due, told) {
    const ms = Date.parse(due) - Date.now();
    const hours = Math.floor(Math.abs(ms) / 3600_000);
    const days = Math.floor(hours / 24);
    const time = days ? say(told, "days_hours", days, hours % 24) : hours ? say(told, "hours", hours) : say(told, "minutes", Math.floor(Math.abs(ms) / 60_000));
    return { text: say(told, ms < 0 ? "overdue" : "left", time), tone: ms < 0 ? "late" : ms < SOON_MS ? "soon" : "" };
  }

  const openIn = (told, path) => ({ href: `${told.address}${path}`, target: "_blank", rel: "noopener noreferrer" });

  function badge(told, item) {
    const time = item.due_at ? left(item.due_at, told) : { text: "", tone: "" };
    const text = [item.stage_word, item.to_press ? say(told, "to_press") : "", time.text].filter(Boolean).join(" · ");
    const about = { class: "badge", "data-time": time.tone, title: say(told, "open"), ...openIn(told, item.path) };
    const drawn = host("badge", made("a", about, made("i"), text));
    drawn.dataset.says = `${item.number} ${text}`;
    return drawn;
  }

  /** Put a badge behind each number; one that is there already and says the same stays. */
  function badges(shown, known, told) {
    const wanted = new Set();
    for (const { number, node } of shown) {
      const item = known.get(number);
      const place = node.parentElement?.closest("a,button") ?? node;
      if (!item || !place.parentNode) continue;
      const fresh = badge(told, item);
      const there = place.nextSibling;
      if (there?.nodeName === "QAITAR-BADGE") {
        if (there.dataset.says !== fresh.dataset.says) there.replaceWith(fresh);
        wanted.add(place.nextSibling);
      } else {
        place.after(fresh);
        wanted.add(fresh);
      }
    }
    for (const old of document.querySelectorAll("qaitar-badge")) if (!wanted.has(old)) old.remove();
  }

  function put(name, says, element) {
    const there = hosts[name];
    if (there?.isConnected && there.dataset.says === says) return;
    there?.remove();
    hosts[name] = null;
    if (!element) return;
    const drawn = element();
    drawn.dataset.says = says;
    document.documentElement.append(drawn);
    hosts[name] = drawn;
  }

  const isLate = (item) => Date.now() - item.pressed_at > PROOF_MS;

  /** Show what was decided and what is left to do; gone when nothing waits. */
  function panel(item, told) {
    const press = item?.to_press;
    const says = press ? JSON.stringify([item, told.language, Boolean(item.pressed_at) && isLate(item)]) : "";
    const away = closed.has(item?.number);
    put("panel", away ? "" : says, press && !away ? () => host("panel", box(item, press, told)) : null);
  }

  const timeOf = (moment, told) =>
    new Date(moment).toLocaleString(told.language === "kk" ? "ru" : told.language, { day: "2-digit", month: "2-digit", hour: "2-digit", minute: "2-digit" });

  function box(item, press, told) {
    const when = timeOf(press.decided_at, told);
    const close = made("button", { class: "close", type: "button", "aria-label": say(told, "close") }, "×");
    close.addEventListener("click", () => (closed.add(item.number), hosts.panel?.remove()));
    const about = made("p", { class: "soft" }, [item.number, press.decided_by, when].filter(Boolean).join(" · "));
    const head = made("div", { class: "row" }, made("h2", {}, say(told, "decided", press.act)), close);
    const link = made("div", { class: "row" }, made("a", openIn(told, item.path), say(told, "open")));
    if (item.pressed_at && !isLate(item)) {
      const waits = made("p", { class: "waits", role: "status" }, say(told, "pressed_waits", timeOf(item.pressed_at, told)));
      return made("aside", { class: "box", "aria-label": "Qaitar" }, head, about, waits, link);
    }
    const steps = made("ol");
    if (press.text) steps.append(made("li", {}, textStep(press.text, told)));
    if (press.files.length) {
      const files = press.files.map(({ name, path }) => made("li", {}, made("a", openIn(told, path), name)));
      steps.append(made("li", {}, made("p", { class: "soft" }, say(told, "files")), made("ul", {}, ...files)));
    }
    steps.append(made("li", { class: "press" }, say(told, "press", press.button)));
    return made(
      "aside",
      { class: "box", "aria-label": "Qaitar" },
      head,
      about,
      item.pressed_at ? made("p", { class: "waits", role: "status" }, say(told, "pressed_unseen", timeOf(item.pressed_at, told))) : null,
      steps,
      link,
      made("p", { class: "soft" }, say(told, "proves")),
    );
  }

  function textStep(text, told) {
    const copy = made("button", { type: "button" }, say(told, "copy"));
    copy.addEventListener("click", async () => {
      await navigator.clipboard.writeText(text);
      copy.textContent = say(told, "copied");
    });
    return made("div", { class: "step" }, made("div", { class: "row" }, made("span", { class: "soft" }, say(told, "text")), copy), made("div", { class: "text" }, text));
  }

  // --- notices ------------------------------------------------------------------------------------

  const named = (numbers) => numbers.slice(0, NUMBERS_MAX).join(", ") + (numbers.length > NUMBERS_MAX ? ` +${numbers.length - NUMBERS_MAX}` : "");

  /** Sentences about the whole cabinet: it asks to sign in, gives no answer, answers otherwise; Qaitar takes nothing. */
  function alarms(told) {
    const since = timeOf(told.since, told);
    const said = [];
    if (told.session === "ENDED") said.push(say(told, "notice_ended", since));
    if (told.session === "NO_ANSWER") said.push(say(told, "notice_no_answer", since));
    if (told.session === "CHANGED") said.push(say(told, "notice_changed", since));
    if (told.unreached) said.push(say(told, "notice_unreached", timeOf(told.unreached, told)));
    for (const { name, lists, odd } of told.troubles) {
      for (const { tab, expected, read } of lists) said.push(say(told, "notice_list", name, told.words[`tab_${tab.toLowerCase()}`] ?? tab, expected, read));
      if (odd.length) said.push(say(told, "notice_odd", name, named(odd)));
    }
    return said;
  }

  /** Sentences about requests whose details do not come; they are asked for again. */
  const failures = (told) => told.troubles.filter(({ failed }) => failed.length).map(({ name, failed }) => say(told, "notice_failed", name, named(failed.map(({ number }) => number))));

  /** Say what cannot be read and since when; gone when all is read again, away when the person put it away and nothing new is to be said. */
  function notice(told) {
    const [bad, soft] = told.paired ? [alarms(told), failures(told)] : [[], []];
    const says = [...bad, ...soft].join("\n");
    const away = !says || closed.has(says);
    put("notice", away ? "" : says, away ? null : () => noticeBox([...bad, ...soft], says, bad.length > 0, told));
  }

  /** A sentence in pieces, so that no number is broken over two lines. */
  const whole = (sentence) => sentence.split(NUMBER).map((piece) => (NUMBER.test(piece) ? made("span", { class: "number" }, piece) : piece));

  function noticeBox(sentences, says, isBad, told) {
    const close = made("button", { class: "close", type: "button", "aria-label": say(told, "close") }, "×");
    close.addEventListener("click", () => (closed.add(says), hosts.notice?.remove()));
    const text = made("div", { class: "step" }, ...sentences.map((sentence) => made("p", {}, ...whole(sentence))));
    return host("notice", made("div", { class: isBad ? "box notice warn" : "box notice", role: isBad ? "alert" : "status" }, made("div", { class: "row" }, text, close)));
  }

  return { badges, panel, notice };
})();
