// Sentences in the language of the paired person, which need not be the browser's: no browser speaks Kazakh by default.

export const LANGUAGES = ["ru", "kk", "en"];
const loaded = {};

export function languageOf(wanted) {
  if (LANGUAGES.includes(wanted)) return wanted;
  const own = chrome.i18n.getUILanguage().slice(0, 2);
  return LANGUAGES.includes(own) ? own : "ru";
}

export async function words(language) {
  loaded[language] ??= fetch(chrome.runtime.getURL(`_locales/${language}/messages.json`)).then((told) => told.json());
  const known = await loaded[language];
  return Object.fromEntries(Object.entries(known).map(([name, { message }]) => [name, message]));
}

/** Dates in figures: browsers know no Kazakh months. */
export const datesIn = (language) => (language === "kk" ? "ru" : language);

export const say = (sentences, name, values = []) =>
  values.reduce((text, value, index) => text.replaceAll(`{${index}}`, value), sentences[name] ?? name);

/** Put the code of a failure into words; `HTTP_500` says itself. */
export const reasonOf = (sentences, why) => sentences[`why_${why.toLowerCase()}`] ?? why.replace("_", " ");

/** Say what the last readings could not read, shop by shop, and that Qaitar takes nothing. */
export function troublesSaid(sentences, { pair, reports, unreached }, timeOf) {
  const said = unreached ? [say(sentences, "notice_unreached", [timeOf(unreached.since)])] : [];
  const shops = new Set(pair.stores.map(({ external_id: shop }) => shop));
  for (const [shop, { name, lists, odd, failed }] of Object.entries(reports)) {
    if (!shops.has(shop)) continue;
    for (const { tab, expected, read } of lists) said.push(say(sentences, "notice_list", [name, sentences[`tab_${tab.toLowerCase()}`] ?? tab, expected, read]));
    if (odd.length) said.push(say(sentences, "notice_odd", [name, odd.join(", ")]));
    if (failed.length) said.push(say(sentences, "notice_failed", [name, failed.map(({ number, why }) => `${number} (${reasonOf(sentences, why)})`).join(", ")]));
  }
  return said;
}
