"""The companion's modules in a browser without a cabinet: what is asked, in which order, what is reported, what waits.

The whole story, with the extension and pages, is in test_companion.py.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.browser.cabinet_double import NO_CORS, Double, cabinet_answer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playwright.sync_api import Browser, Page, Route

pytestmark = pytest.mark.browser
SHIPPED = Path(__file__).resolve().parents[2] / "companion"
SITE = "https://companion.example"
MINUTE = 60_000
NOW = 1_796_000_000_000
_READ = """
async ({ kept: before, now, most }) => {
  const { Reading, newShop } = await import("/lib/reading.js");
  const { CeilingReached } = await import("/lib/pace.js");
  const kept = { ...newShop(), ...before };
  const handed = [];
  let left = 0;
  const one = new Reading("30000001", {
    ask: async (url) => {
      if (left <= 0) throw new CeilingReached();
      left -= 1;
      return { ...(await cabinet(url)), at: now };
    },
    hand: async (entry) => void handed.push(entry),
    kept,
    save: async () => {},
    now: () => now,
    pause: async () => {},
    allow: (requests) => void (left = Math.min(requests, most ?? requests)),
    missing: async (seen) => await named(seen),
  });
  let stopped = "";
  try {
    await one.whole();
  } catch (error) {
    stopped = error.session ?? error.constructor.name;
  }
  return { kept, handed, stopped, session: one.session, lists: one.lists, failed: one.failed, odd: [...one.odd] };
}
"""


@pytest.fixture(scope="module")
def page(chromium: Browser) -> Iterator[Page]:
    """A page from which the companion's modules can be loaded."""
    context = chromium.new_context()

    def shipped(route: Route) -> None:
        path = SHIPPED / route.request.url.removeprefix(SITE + "/")
        body = path.read_text(encoding="utf-8") if path.is_file() else "<!doctype html>"
        kind = {".js": "text/javascript", ".json": "application/json"}.get(path.suffix, "text/html")
        route.fulfill(body=body, content_type=kind)

    context.route("**/*", shipped)
    opened = context.new_page()
    opened.expose_function("cabinet", _now.cabinet)
    opened.expose_function("named", _now.named)
    opened.expose_function("turn", lambda name: _now.turned(name))  # noqa: PLW0108  another in each test
    opened.goto(SITE + "/")
    yield opened
    context.close()


class _Now:
    """Whom the page's questions go to: another cabinet in each test."""

    answer: Callable[[str], Any]
    missed: Callable[[list[str]], Any]

    turned: Callable[[str], Any]

    def cabinet(self, url: str) -> Any:
        return self.answer(url)

    def named(self, seen: list[str]) -> Any:
        return self.missed(seen)


_now = _Now()


class Shop:
    """One shop's cabinet and what the companion remembers of it."""

    def __init__(self, page: Page) -> None:
        self.page, self.cabinet = page, Double()
        self.stored: dict[str, Any] = {}
        self.now = NOW
        self.named: list[dict[str, str]] = []
        self.seen: list[list[str]] = []
        _now.answer, _now.missed = self.cabinet, self._named

    def _named(self, seen: list[str]) -> list[dict[str, str]]:
        self.seen.append(seen)
        return self.named

    def read(self, minutes: float = 0, most: int | None = None) -> dict[str, Any]:
        self.now += int(minutes * MINUTE)
        requested = {"kept": self.stored, "now": self.now, "most": most}
        reported: dict[str, Any] = self.page.evaluate(_READ, requested)
        self.stored = reported["kept"]
        return reported


@pytest.fixture
def shop(page: Page) -> Shop:
    return Shop(page)


def short(read: dict[str, Any]) -> list[dict[str, Any]]:
    return [each for each in read["lists"] if each["read"] < each["expected"]]


def test_a_first_reading_is_whole_whatever_the_page_holds_and_total_means(shop: Shop) -> None:
    cabinet = shop.cabinet
    cabinet.page_size, cabinet.total_of_page = 7, True
    numbers = cabinet.fill("NEW", 23, 700000001) + cabinet.fill("ON_DELIVERY", 9, 700000101)
    numbers += cabinet.fill("CLOSED", 31, 700000201)
    read = shop.read()
    details = [each for each in cabinet.take() if each in cabinet.requests]
    assert sorted(details) == sorted(numbers), "each detail once"
    assert (read["stopped"], read["session"], read["failed"]) == ("", "OPEN", [])
    assert {each["tab"]: (each["expected"], each["read"]) for each in read["lists"]} == {
        "NEW": (23, 23), "WAITING_DECISION": (0, 0), "ON_DELIVERY": (9, 9), "DISPUTE": (0, 0), "CLOSED": (31, 31),
    }  # fmt: skip
    assert {entry["startedDateTime"] for entry in read["handed"]} == {"2026-11-30T00:53:20.000Z"}
    shop.read(minutes=10)
    assert len(cabinet.take()) == 1 + 4 + 2 + 1 + 1 + 2, (
        "counts, open pages, two of the closed; no detail"
    )


def test_a_detail_that_fails_stops_nothing_and_is_requested_for_again_after_growing_pauses(
    shop: Shop,
) -> None:
    cabinet = shop.cabinet
    numbers = cabinet.fill("NEW", 12, 700000001)
    bad = numbers[1]
    cabinet.failing[bad] = cabinet_answer(500, {})
    read = shop.read()
    assert [number for number in cabinet.take() if number in numbers] == numbers
    assert (read["stopped"], read["session"]) == ("", "OPEN")
    reported = {"number": bad, "why": "HTTP_500", "since": NOW, "tries": 1}
    assert read["failed"] == [reported]
    tries = []
    for minutes in range(5, 80, 5):
        shop.now = NOW + minutes * MINUTE
        shop.read()
        if bad in cabinet.take():
            tries.append(minutes)
    assert tries == [10, 30, 70], "after 10, 20 and 40 minutes"
    del cabinet.failing[bad]
    assert shop.read(minutes=80)["failed"] == []
    assert bad in cabinet.take()


@pytest.mark.parametrize(
    "answer",
    [
        cabinet_answer(401),
        cabinet_answer(403),
        cabinet_answer(200, kind="text/html"),
        {"redirected": True},
    ],
)
def test_a_detail_refused_alone_does_not_end_the_session(
    shop: Shop, answer: dict[str, Any]
) -> None:
    cabinet = shop.cabinet
    first, second = cabinet.fill("NEW", 2, 700000001)
    cabinet.failing[first] = answer
    read = shop.read()
    requested = cabinet.take()
    assert (read["stopped"], read["session"]) == ("", "OPEN")
    assert [each["number"] for each in read["failed"]] == [first]
    assert requested[requested.index(first) + 1 : requested.index(second) + 1] == ["counts", second]


@pytest.mark.parametrize(
    ("counts", "stated"),
    [(cabinet_answer(401), "ENDED"), (cabinet_answer(403), "REFUSED"), (NO_CORS, "NO_ANSWER"), (cabinet_answer(500), "NO_ANSWER"), ({"failed": "TimeoutError"}, "NO_ANSWER")],
)  # fmt: skip
def test_how_the_cabinet_is_is_requested_of_the_counts(
    shop: Shop, counts: dict[str, Any], stated: str
) -> None:
    cabinet = shop.cabinet
    number = cabinet.add("700000001-1").number
    shop.read()
    cabinet.counts = counts
    cabinet.failing[number] = cabinet_answer(401)
    cabinet.take()
    read = shop.read(minutes=10)
    assert (read["stopped"], read["failed"]) == (stated, [])
    assert cabinet.take() == ["counts"] * (3 if stated == "NO_ANSWER" else 1), (
        "nothing else is asked"
    )


def test_details_failing_one_after_another_are_no_fault_of_theirs_when_the_counts_fail_too(
    shop: Shop,
) -> None:
    cabinet = shop.cabinet
    numbers = cabinet.fill("NEW", 5, 700000001)
    cabinet.failing = dict.fromkeys(numbers, NO_CORS)
    answers = iter([None, NO_CORS, NO_CORS, NO_CORS])
    real = cabinet.__call__

    def dying(url: str) -> dict[str, Any]:
        if "load-refunds-count" in url and (instead := next(answers)):
            cabinet.requested.append("counts")
            return instead
        return real(url)

    _now.answer = dying
    read = shop.read()
    assert (read["stopped"], read["failed"]) == ("NO_ANSWER", []), "none is set aside"
    assert [each for each in cabinet.take() if each in numbers] == numbers[:3]


def test_what_left_the_open_sections_is_looked_up_by_its_detail(shop: Shop) -> None:
    cabinet = shop.cabinet
    cabinet.fill("CLOSED", 60, 700000101)  # what closes stands behind all of them
    gone, stays = cabinet.fill("WAITING_DECISION", 2, 700000001)
    shop.read()
    cabinet.take()
    moved = cabinet.requests.pop(gone)
    moved.tab = "CLOSED"
    cabinet.requests[gone] = moved
    read = shop.read(minutes=10)
    requested = cabinet.take()
    assert requested[:6] == [
        "counts",
        "NEW 0",
        "WAITING_DECISION 0",
        "ON_DELIVERY 0",
        "DISPUTE 0",
        gone,
    ]
    displayed = [json.loads(entry["response"]["content"]["text"]) for entry in read["handed"]]
    assert any(each.get("refundTab") == "CLOSED" for each in displayed if isinstance(each, dict))
    assert read["kept"]["open"] == {stays: "WAITING_DECISION"}
    assert read["session"] == "OPEN"


def test_a_request_closed_between_two_readings_is_found_on_whatever_page(shop: Shop) -> None:
    cabinet = shop.cabinet
    cabinet.fill("CLOSED", 35, 700000101)
    shop.read()
    late = cabinet.add("700000999-1", "CLOSED").number
    cabinet.take()
    shop.read(minutes=10)
    assert late in cabinet.take()


def test_what_qaitar_names_is_looked_up_and_not_again_at_once(shop: Shop) -> None:
    cabinet = shop.cabinet
    listed = cabinet.add("700000001-1").number
    unseen = cabinet.add("700000002-1", "NEW")
    cabinet.hidden.add(unseen.number)
    shop.named = [{"number": unseen.number, "refundId": unseen.refund_id}]
    shop.read()
    assert shop.seen == [[listed]]
    assert unseen.number in cabinet.take()
    cabinet.requests[unseen.number].tab = "CLOSED"
    shop.stored["open"].pop(unseen.number)
    shop.read(minutes=10)
    assert unseen.number not in cabinet.take()
    shop.read(minutes=360)
    assert unseen.number in cabinet.take()


def test_sections_the_counts_name_are_read_and_a_list_that_is_not_whole_is_reported(
    shop: Shop,
) -> None:
    cabinet = shop.cabinet
    cabinet.more_tabs = ("EXPERTISE",)
    four = cabinet.fill("EXPERTISE", 4, 700000101)
    cabinet.hidden = set(cabinet.fill("NEW", 23, 700000001)[15:])
    read = shop.read()
    requested = cabinet.take()
    assert "EXPERTISE 0" in requested
    assert set(four) <= set(requested)
    assert short(read) == [{"tab": "NEW", "expected": 23, "read": 15}]
    assert read["session"] == "CHANGED"
    cabinet.hidden.clear()
    read = shop.read(minutes=10)
    assert (short(read), read["session"]) == ([], "OPEN")


def test_a_section_whose_list_does_not_come_stops_no_other(shop: Shop) -> None:
    cabinet = shop.cabinet
    cabinet.fill("NEW", 3, 700000001)
    last = cabinet.add("700000009-1", "DISPUTE").number
    cabinet.lists["NEW"] = cabinet_answer(500)
    read = shop.read()
    assert last in cabinet.take()
    assert short(read) == [{"tab": "NEW", "expected": 3, "read": 0}]
    assert (read["stopped"], read["session"]) == ("", "CHANGED")


def test_numbers_in_another_form_and_answers_never_seen_are_reported(shop: Shop) -> None:
    cabinet = shop.cabinet
    cabinet.add("700000002/1", "NEW")
    read = shop.read()
    assert (read["odd"], read["session"]) == (["700000002/1"], "CHANGED")
    cabinet.requests.clear()
    cabinet.lists["DISPUTE"] = cabinet_answer(200, {"result": {"items": []}})
    assert shop.read(minutes=10)["session"] == "CHANGED"


def test_closed_requests_get_what_the_open_ones_leave(shop: Shop) -> None:
    cabinet = shop.cabinet
    closed = cabinet.fill("CLOSED", 40, 700000101)
    opened = cabinet.fill("NEW", 5, 700000001)
    picture = "https://kaspi.kz/photos/1"
    cabinet.requests[opened[0]].images = [picture]
    cabinet.requests[closed[0]].images = [picture + "1"]
    read = shop.read(most=20)
    requested = cabinet.take()
    assert read["stopped"] == "CeilingReached"
    assert requested[:10] == [
        "counts",
        "NEW 0",
        "WAITING_DECISION 0",
        "ON_DELIVERY 0",
        "DISPUTE 0",
        *opened,
    ]
    assert requested[10:13] == ["picture", "CLOSED 0", closed[0]]
    met = [number for number in requested if number in closed]
    for _reading in range(5):
        read = shop.read(minutes=10, most=20)
        requested = cabinet.take()
        met += [number for number in requested if number in closed]
        assert requested[0] == "counts"
    assert sorted(met) == sorted(closed), "each once, over several readings"
    assert read["kept"]["pictures"][closed[0]] == {picture + "1": "ab" * 32}


def test_only_a_field_that_is_read_makes_a_request_other_than_it_was(shop: Shop) -> None:
    cabinet = shop.cabinet
    request = cabinet.add("700000001-1")
    shop.read()
    plain = request.item
    request.item = lambda: dict(reversed([*plain().items(), ("minutesLeft", 7)])) | {"weight": 2.5}  # type: ignore[method-assign]
    cabinet.take()
    shop.read(minutes=10)
    assert request.number not in cabinet.take()
    request.planned = "2026-12-03T18:00:00"
    shop.read(minutes=10)
    assert request.number in cabinet.take()


def test_clocks_pauses_and_a_tab_that_hangs(page: Page) -> None:
    stated = page.evaluate(
        """async () => {
          const { ServerClock, passed, pauseOf } = await import("/lib/clock.js");
          const { Pace } = await import("/lib/pace.js");
          const { Tabs } = await import("/lib/tabs.js");
          let wall = 1000, steady = 0;
          const clock = new ServerClock({ wall: () => wall, steady: () => steady });
          clock.set(500_000);
          [wall, steady] = [-9_000_000, 60_000]; // set back by hours a minute later
          const back = clock.now();
          [wall, steady] = [601_000, 60_000]; // the computer slept, and its steady clock with it
          const slept = clock.now();
          const waits = [];
          const pace = new Pace({ gapMs: 1100, jitterMs: 700 }, { clock: () => 0, chance: () => 1, sleep: async (ms) => waits.push(ms), memory: { get: async () => 9e12, set: async () => {} } });
          pace.begin(1);
          await pace.turn();
          const asked = [];
          const tabs = new Tabs({ send: (tab) => (asked.push(tab), tab === 1 ? new Promise(() => {}) : tab === 2 ? Promise.reject(new Error("closed")) : Promise.resolve(tab)), all: async () => [1, 2, 3], answerMs: 50, helloMs: 50 });
          for (const tab of [1, 2, 3]) tabs.add(tab);
          const answers = [await tabs.ask({}), await tabs.ask({})];
          await tabs.find();
          return { back, slept, waits, answers, asked, left: [...tabs.known],
            passed: [passed(100, 50, 149), passed(100, 50, 150), passed(9000, 50, 150)], pauses: [0, 1, 2, 9].map((n) => pauseOf([10, 20, 40], n)) };
        }"""
    )
    assert stated == {
        "back": 560_000, "slept": 1_100_000, "waits": [1800], "answers": [3, 3], "asked": [1, 2, 3, 3, 1, 2, 3], "left": [3],
        "passed": [False, True, True], "pauses": [10, 10, 20, 40],
    }  # fmt: skip


def test_what_qaitar_does_not_take_waits_and_is_never_thrown_away(page: Page) -> None:
    stated = page.evaluate(
        """async () => {
          const kept = { pair: { token: "t", address: "https://q.example" }, shops: { 30000001: { prints: { a: 1 } } } };
          const area = { get: async (names) => Object.fromEntries([names].flat().map((name) => [name, structuredClone(kept[name])])), set: async (values) => void Object.assign(kept, structuredClone(values)) };
          globalThis.chrome = { storage: { local: area, session: area } };
          const { Parcel, deliver } = await import("/lib/outbox.js");
          const { NotReached } = await import("/lib/qaitar.js");
          const sent = [], handed = [];
          const plain = globalThis.fetch;
          let answer = () => Promise.reject(new TypeError("down"));
          globalThis.fetch = (url, { body }) => (sent.push([new URL(url).pathname, JSON.parse(body).log.entries.length]), handed.push(Date.parse(JSON.parse(body).log._handedAt) > 0), answer());
          const parcel = new Parcel(kept.pair, { id: "s1", external_id: "30000001" });
          await parcel.add({ n: 1 });
          await parcel.add({ n: 2 });
          const why = await parcel.send({ shops: { 30000001: { prints: { a: 1, b: 2 } } } }).catch((error) => error instanceof NotReached);
          const waiting = kept.outbox.length, prints = Object.keys(kept.shops["30000001"].prints);
          answer = async () => new Response("{}", { status: 503 });
          const still = await deliver(kept.pair).catch((error) => error instanceof NotReached);
          answer = async () => new Response("{}", { status: 202 });
          await deliver(kept.pair);
          const after = kept.outbox.length;
          answer = async () => new Response("{}", { status: 422 });
          await parcel.add({ n: 3 });
          await parcel.send({});
          globalThis.fetch = plain;
          return { why, waiting, prints, still, after, left: kept.outbox.length, handed, refused: parcel.isRefused, forgotten: kept.shops["30000001"].prints, sent, log: kept.log.map(({ what }) => what) };
        }"""
    )
    path = "/api/v1/intake/cabinet/s1"
    assert stated == {
        "why": True, "waiting": 1, "prints": ["a", "b"], "still": True, "after": 0, "left": 0, "handed": [True] * 4, "refused": True, "forgotten": {},
        "sent": [[path, 2], [path, 2], [path, 2], [path, 1]], "log": ["log_not_taken"],
    }  # fmt: skip


_WORK = """
async ({ rounds }) => {
  const kept = { pair: { token: "t", address: "https://q.example", stores: [] } };
  const area = {
    get: async (names) => Object.fromEntries([names].flat().map((name) => [name, structuredClone(kept[name])])),
    set: async (values) => void Object.assign(kept, structuredClone(values)),
  };
  globalThis.chrome = {
    storage: { local: area, session: area },
    tabs: { query: async () => [{ id: 1 }], sendMessage: async (_tab, message) => (message.kind === "ask" ? cabinet(message.url) : true) },
    action: { setBadgeText: async () => {} },
  };
  const [later, fetched] = [globalThis.setTimeout, globalThis.fetch];
  globalThis.setTimeout = (then, ms) => later(then, [40_000, 2000].includes(ms) ? ms : 0); // of the pauses, none; of the limits, all
  const stores = ["1", "2"].map((n) => ({ id: `s${n}`, name: `Shop ${n}`, external_id: `3000000${n}` }));
  let takes = true, said = [], handed = [];
  globalThis.fetch = async (url, { body }) => {
    const path = new URL(url).pathname.replace("/api/v1", "");
    if (path.startsWith("/intake")) {
      if (!takes) return new Response("{}", { status: 503 });
      handed.push(...JSON.parse(body).log.entries.map((entry) => entry.request.url));
      return Response.json({});
    }
    if (path === "/companion/missing") return Response.json({ items: [], left: 0 });
    const { session, stores: told } = JSON.parse(body);
    said.push([session, told]);
    return Response.json({ now: new Date().toISOString(), person: "A", language: "ru", stores });
  };
  const work = await import("/lib/work.js");
  const outcomes = [];
  for (const round of rounds) {
    await turn(round);
    [takes, said, handed] = [round !== "qaitar is down", [], []];
    work.refused.clear();
    work.tabs.add(1);
    if (await work.mayTry({ atLeast: round === "qaitar is back" ? 1 : 0 })) await work.reaching(work.readAll);
    const { session, outbox = [], unreached = null } = kept;
    outcomes.push({ round, said, handed: handed.length, session, waiting: outbox.length, tries: unreached?.tries ?? 0 });
  }
  [globalThis.setTimeout, globalThis.fetch] = [later, fetched];
  return outcomes;
}
"""


def test_all_shops_refusing_end_the_session_one_alone_does_not_and_nothing_is_lost_while_qaitar_is_down(
    shop: Shop,
) -> None:
    cabinet = shop.cabinet
    cabinet.fill("NEW", 2, 700000001)
    real = cabinet.__call__
    refusing = {"all refuse": {"30000001", "30000002"}, "one refuses": {"30000002"}}
    now = {"round": ""}

    def answered(url: str) -> dict[str, Any]:
        refused = refusing.get(now["round"], set())
        return (
            cabinet_answer(403)
            if any(f"merchantId={number}" in url for number in refused)
            else real(url)
        )

    _now.answer = answered
    _now.turned = lambda name: now.update(round=name)
    rounds = [
        "one refuses",
        "all refuse",
        "qaitar is down",
        "qaitar is still down",
        "qaitar is back",
    ]
    first, ended, down, still, back = shop.page.evaluate(_WORK, {"rounds": rounds})
    assert first["said"] == [
        ["AWAY", []], ["OPEN", ["s1"]], ["REFUSED", ["s2"]], ["OPEN", []]
    ]  # fmt: skip
    assert (first["session"], first["waiting"], first["handed"]) == ("OPEN", 0, 1 + 4 + 2 + 1)
    assert ended["said"] == [["OPEN", []], ["ENDED", ["s1", "s2"]]]
    assert (ended["session"], ended["handed"]) == ("ENDED", 0)
    assert (down["waiting"], down["tries"], down["handed"]) == (1, 1, 0)
    assert (still["waiting"], still["said"]) == (1, []), (
        "a pause: nothing is asked, nothing forgotten"
    )
    assert (back["session"], back["waiting"], back["tries"]) == ("OPEN", 0, 0)
    assert back["handed"] > down["handed"]


def test_the_sentences_are_the_same_ones_in_all_three_languages() -> None:
    words = {
        name: json.loads(
            (SHIPPED / "_locales" / name / "messages.json").read_text(encoding="utf-8")
        )
        for name in ("ru", "kk", "en")
    }
    assert set(words["ru"]) == set(words["kk"]) == set(words["en"])
    for name, sentence in words["ru"].items():
        places = {place for place in "0123" if f"{{{place}}}" in sentence["message"]}
        for language in ("kk", "en"):
            other = words[language][name]["message"]
            assert {place for place in "0123" if f"{{{place}}}" in other} == places, (
                language,
                name,
            )
