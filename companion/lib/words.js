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
