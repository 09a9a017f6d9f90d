// What the companion allows itself.  The cabinet is somebody's shop window: it is read at the pace of a person turning pages.
export const PACE = {
  gapMs: 1100, // between the starts of two requests, at least
  jitterMs: 700, // and up to this much more, by chance
  listCeiling: 400, // requests for counts and lists of open sections, which every reading begins with
  ceiling: 60, // requests in one reading, those for counts and lists among them
  firstCeiling: 900, // in the first reading of a shop, which asks about every request once
  detailsAtLeast: 20, // however long the lists of open sections are, so many requests are left for what changed
  everyMinutes: 10, // between full readings while a tab of the cabinet is open
};
export const AGAIN_MS = [3000, 8000]; // pauses before counts or a list that gave no answer are asked for again
export const DETAIL_AGAIN_MIN = [10, 20, 40, 80, 160, 320, 720]; // before a detail that failed is asked for again: minutes, by failures
export const UNREACHED_MIN = [1, 2, 4, 8, 15, 30]; // before Qaitar is tried again when it did not take what was read
export const WALK_AGAIN_MIN = 60; // before a closed section that was shorter than its count is walked again
export const NAMED_AGAIN_MIN = 360; // before a request that Qaitar names again is looked up again
export const PRESSED_MS = [2500, 10_000, 30_000, 90_000, 180_000]; // after a press: when the request is looked at, while the press is not proved
export const ANSWER_MS = 30_000; // an answer that takes longer counts as none; `page.js` gives up first
export const TAB_MS = 40_000; // a tab that says nothing for so long hangs: the next one is asked
export const HELLO_MS = 2000; // a tab that is there answers at once
export const QAITAR_MS = 60_000; // an answer of Qaitar that takes longer counts as none
export const READING_MS = 45 * 60_000; // no reading lasts longer; the next goes on
export const HANDED_CHARS = 1_000_000; // a parcel to Qaitar is sent at this size, or when the reading ends
export const PICTURE_TRIES = 3;
export const PAGES_MAX = 400; // of one section in one reading
export const NUMBERS_SAID = 50; // requests named in one message
export const LOG_LINES = 200;
export const PAGE_SIZE = 10; // what the cabinet's own pages ask for; how many come is the cabinet's business
export const OPEN_TABS = ["NEW", "WAITING_DECISION", "ON_DELIVERY", "DISPUTE"];
export const CLOSED = "CLOSED";
export const REFUNDS = "https://mc.shop.kaspi.kz/refund/api/v1/merchant-cabinet";
export const CABINET_HOST = /(^|\.)kaspi\.kz$/;
