// The companion's own page: pair, see and end the pairing, what is read and where it goes, the log.
import { recall, remember } from "./lib/memory.js";
import { NotSafe, pairingOf, permissionOf } from "./lib/qaitar.js";
import { datesIn, languageOf, reasonOf, say, troublesSaid, words } from "./lib/words.js";

const at = (id) => document.getElementById(id);
let sentences = {};

async function show() {
  const kept = await recall("pair", "language", "session", "sessionAt", "paused", "unreached", "reports", "outbox");
  const { pair, language } = kept;
  const spoken = languageOf(language || pair?.language);
  sentences = await words(spoken);
  document.documentElement.lang = spoken;
  document.title = sentences.name;
  at("language").value = spoken;
  for (const element of document.querySelectorAll("[data-say]")) element.textContent = say(sentences, element.dataset.say);
  at("unpaired").hidden = Boolean(pair);
  at("paired").hidden = !pair;
  if (pair) showPair(kept, spoken);
  else if (!at("pair").browser.value) at("pair").browser.value = browserName();
  await showReading();
  await showLog(spoken);
}

function showPair(kept, spoken) {
  const { pair, session, sessionAt, paused, outbox } = kept;
  at("address").textContent = pair.address;
  at("address").href = pair.address;
  at("person").textContent = pair.person;
  at("stores").textContent = pair.stores.map((store) => `${store.name} (${store.external_id || say(sentences, "no_number")})`).join(", ");
  const since = sessionAt ? say(sentences, "since", [new Date(sessionAt).toLocaleString(datesIn(spoken))]) : "";
  at("state").textContent = paused ? say(sentences, "state_paused") : [say(sentences, `state_${session.toLowerCase()}`), since].filter(Boolean).join(", ");
  at("state").className = ["ENDED", "REFUSED", "NO_ANSWER"].includes(session) ? "bad" : "";
  const said = troublesSaid(sentences, kept, (moment) => new Date(moment).toLocaleString(datesIn(spoken)));
  if (outbox.length) said.push(say(sentences, "waits_here", [outbox.length]));
  at("troubles").hidden = !said.length;
  at("troubles").replaceChildren(...said.map((sentence) => Object.assign(document.createElement("li"), { textContent: sentence })));
  at("paused").checked = paused;
}

/** While it reads there is nothing to press, and it says so. */
async function showReading() {
  const { reading = false } = await chrome.storage.session.get("reading");
  at("read").disabled = reading;
  at("read").textContent = say(sentences, reading ? "reading" : "read_now");
}

async function showLog(language) {
  const { log = [] } = await chrome.storage.local.get("log");
  at("log-empty").hidden = log.length > 0;
  at("log").replaceChildren(
    ...log.toReversed().map(({ at: when, what, values }) => {
      const line = document.createElement("li");
      const time = document.createElement("time");
      time.textContent = new Date(when).toLocaleString(datesIn(language));
      line.append(time, say(sentences, what, what === "log_failed" ? [values[0], reasonOf(sentences, values[1])] : values));
      return line;
    }),
  );
}

const browserName = () => (navigator.userAgent.match(/(Firefox|YaBrowser|Edg|OPR|Chrome)\//)?.[1] ?? "Browser").replace("Edg", "Edge").replace("OPR", "Opera");

at("pair").addEventListener("submit", async (event) => {
  event.preventDefault();
  const refused = (why) => {
    at("refused").hidden = !why;
    at("refused").textContent = why ? say(sentences, why) : "";
  };
  refused("");
  const { line, browser } = event.target;
  try {
    const { address } = pairingOf(line.value);
    // Asked for while the press is still fresh, for this one address.
    if (!(await chrome.permissions.request({ origins: [permissionOf(address)] }))) return refused("not_allowed");
    const answer = await chrome.runtime.sendMessage({ kind: "pair", line: line.value, browser: browser.value });
    if (answer?.error) return refused(answer.error);
    line.value = "";
  } catch (error) {
    refused(error instanceof NotSafe ? `not_safe_${error.message}` : "not_reached");
  }
});
at("unpair").addEventListener("click", async () => {
  const { pair } = await recall("pair");
  await chrome.runtime.sendMessage({ kind: "unpair" });
  if (pair) await chrome.permissions.remove({ origins: [permissionOf(pair.address)] }).catch(() => false);
});
at("read").addEventListener("click", async () => {
  const { tabs } = await chrome.runtime.sendMessage({ kind: "read" });
  at("no-tab").hidden = tabs > 0;
});
at("paused").addEventListener("change", (event) => remember({ paused: event.target.checked }));
at("language").addEventListener("change", (event) => remember({ language: event.target.value }));
chrome.storage.onChanged.addListener(() => show());
show();
