// What the companion allows itself.  The cabinet is somebody's shop window: it is read at the pace of a person turning pages.
export const PACE = {
  gapMs: 1100, // between the starts of two requests, at least
  jitterMs: 700, // and up to this much more, by chance
  ceiling: 60, // requests in one reading
  firstCeiling: 900, // in the first reading of a shop, which asks about every request once
  everyMinutes: 10, // between full readings while a tab of the cabinet is open
};
export const ANSWER_MS = 30_000; // an answer that takes longer counts as none
export const HANDED_BYTES = 2_000_000; // a parcel to Qaitar is sent at this size, or when the reading ends
export const LOG_LINES = 200;
export const PAGE_SIZE = 10; // what the cabinet's own pages ask for
export const TABS = ["NEW", "WAITING_DECISION", "ON_DELIVERY", "DISPUTE", "CLOSED"];
export const REFUNDS = "https://mc.shop.kaspi.kz/refund/api/v1/merchant-cabinet";
export const CABINET_HOST = /(^|\.)kaspi\.kz$/;
