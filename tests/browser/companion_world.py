"""A Chromium with the companion in it, the cabinet's host names led to the stand-in on this machine, and every request watched."""

from __future__ import annotations

import json
import shutil
import ssl
import time
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit
from uuid import UUID

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from django.db import connection
from playwright.sync_api import BrowserContext, Page, Playwright, Worker, expect

from qaitar.flows.take_cabinet import READ_TASK, actor_from, cabinet_read
from qaitar.foundation.ops.clock import utc_now
from qaitar.sandbox.kaspi.app import KaspiSite, KaspiStandIn
from qaitar.sandbox.kaspi.ledger import BuyerClaim, SoldOrder
from qaitar.sandbox.serving import Serving

if TYPE_CHECKING:
    from collections.abc import Callable

SHIPPED = Path(__file__).resolve().parents[2] / "companion"
HOSTS = ("kaspi.kz", "mc.shop.kaspi.kz", "idmc.shop.kaspi.kz")
QUICK = "gapMs: 20, jitterMs: 5"
WAIT_MS = 60_000
expect.set_options(timeout=WAIT_MS)


def certificate(folder: Path) -> ssl.SSLContext:
    """A certificate of the stand-in's own for the cabinet's names."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "stand-in")])
    now = utc_now()
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.DNSName(h) for h in HOSTS]), critical=False
        )
        .sign(key, hashes.SHA256())
    )
    path = folder / "stand-in.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    path.write_bytes(private + made.public_bytes(serialization.Encoding.PEM))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)
    return context


@dataclass
class Cabinet:
    """The stand-in with login, and when each call of the refunds service came."""

    kaspi: KaspiStandIn
    calls: list[tuple[float, str]] = field(default_factory=list)

    def __call__(self, environ: Any, start: Any) -> Any:
        path = environ["PATH_INFO"]
        if path.startswith(("/refund/", "/photos/")) and environ["REQUEST_METHOD"] != "OPTIONS":
            self.calls.append((time.monotonic(), f"{path}?{environ.get('QUERY_STRING', '')}"))
        return self.kaspi(environ, start)

    def requested(self) -> list[str]:
        """Take the calls since the last time."""
        reported = [path for _at, path in self.calls]
        self.calls.clear()
        return reported


def sold(
    kaspi: KaspiStandIn,
    code: str,
    *,
    shop: str = "30000001",
    photos: int = 0,
    why: str = "",
) -> str:
    """An issued order of which the buyer wants to give the goods back; returns the request's number."""
    now = utc_now()
    order = SoldOrder(code=code, created=now - timedelta(days=6), merchant_id=shop)
    kaspi.add_order(order)
    kaspi.ledger.issue(code, at=now - timedelta(days=3))
    pictures = tuple(b"\x89PNG\r\n\x1a\n" + bytes([n]) * 40 for n in range(photos))
    claim = BuyerClaim(comment="Не подошёл", photos=pictures)
    if why:
        claim = replace(claim, reason="", reason_text=why)  # the code of a defect is not known
    return kaspi.file_return(code, claim, control=now + timedelta(days=2)).number


def five_tabs(kaspi: KaspiStandIn, total: int) -> list[str]:
    """Requests in all five sections, as many in each as the others."""
    numbers = [sold(kaspi, str(700_000_001 + n)) for n in range(total)]
    for n, number in enumerate(numbers):
        match n % 5:
            case 1:
                kaspi.press(number, "TAKE")
            case 2:
                kaspi.press(number, "TAKE")
                kaspi.goods_arrive(number)
            case 3:
                kaspi.press(number, "REFUSE", "Следы носки")
                kaspi.open_dispute(number)
            case 4:
                kaspi.press(number, "GRANT")
            case _:
                pass
    return numbers


def build(to: Path, *, pace: str = QUICK) -> Path:
    """The companion as it is shipped, except that this machine needs no asking and, if wanted, a quicker pace."""
    shutil.copytree(SHIPPED, to)
    path = to / "manifest.json"
    manifest = json.loads(path.read_text(encoding="utf-8"))
    manifest["host_permissions"] = ["http://127.0.0.1/*"]  # nobody is there to press "allow"
    path.write_text(json.dumps(manifest), encoding="utf-8")
    settings = to / "lib" / "settings.js"
    text = settings.read_text(encoding="utf-8")
    if pace:
        text = text.replace("gapMs: 1100", pace.split(", ", maxsplit=1)[0]).replace(
            "jitterMs: 700", pace.split(", ")[1]
        )
        text = text.replace("AGAIN_MS = [3000, 8000]", "AGAIN_MS = [20, 40]")
        text = text.replace("PRESSED_MS = [2500, 10_000", "PRESSED_MS = [500, 1000")
        assert all(quick in text for quick in ("gapMs: 20", "= [20, 40]", "= [500, 1000"))
    settings.write_text(text, encoding="utf-8")
    page = to / "cabinet" / "draw.js"  # tests look into the closed trees
    page.write_text("globalThis.qaitarOpen = true;\n" + page.read_text(encoding="utf-8"))
    return to


@dataclass
class Sight:
    """A person's browser with the companion, before the cabinet."""

    context: BrowserContext
    cabinet: Cabinet
    site: str
    netlog: Path
    extension: str = ""

    @property
    def worker(self) -> Worker:
        found = self.context.service_workers
        return found[0] if found else self.context.wait_for_event("serviceworker")

    def options(self) -> Page:
        page = self.context.new_page()
        page.goto(f"chrome-extension://{self.extension}/options.html")
        return page

    def pair(self, line: str) -> Page:
        """Paste the line into the companion's page and press the button."""
        page = self.options()
        page.fill("[name=line]", line)
        page.fill("[name=browser]", "Chromium на столе")
        page.click("#pair button")
        return page

    def sign_in(self) -> Page:
        """Open the cabinet and sign in there."""
        page = self.context.new_page()
        page.set_default_timeout(WAIT_MS)
        page.goto("https://kaspi.kz/mc/?status=REFUND_NEW")
        if page.url.endswith("/login"):
            page.click("button")
            page.wait_for_url("**/mc/")
        return page

    def state(self, name: str) -> Any:
        return self.worker.evaluate(
            "async (name) => (await chrome.storage.local.get(name))[name] ?? null", name
        )

    def until(self, name: str, holds: Callable[[Any], bool], seconds: float = 120) -> Any:
        """Wait for what the companion remembers to become so."""
        page = self.context.pages[0]
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            stored = self.state(name)
            if holds(stored):
                return stored
            page.wait_for_timeout(100)
        raise AssertionError(f"{name} stayed {stored}; log {self.state('log')}")

    def at_rest(self) -> int | None:
        """Wait until no reading is under way; tells when the last one ended."""
        page = self.context.pages[0]
        for _try in range(1200):
            reading = self.worker.evaluate(
                "async () => (await chrome.storage.session.get('reading')).reading ?? false"
            )
            if not reading:
                return self.state("readAt")  # type: ignore[no-any-return]
            page.wait_for_timeout(100)
        raise AssertionError(f"it reads without end; log {self.state('log')}")

    def read_now(self) -> None:
        """A full reading, from the companion's own page; returns when it is over."""
        before = self.at_rest()
        page = self.options()
        page.click("#read")
        self.until("readAt", lambda at: at is not None and at != before)
        page.close()


def open_sight(
    driver: Playwright,
    folder: Path,
    cabinet: Cabinet,
    serving: Serving,
    site: str,
    pace: str = QUICK,
) -> Sight:
    """Start the browser."""
    port = urlsplit(serving.url).port
    extension, netlog = build(folder / "companion", pace=pace), folder / "net.json"
    rules = ",".join(f"MAP {host} 127.0.0.1:{port}" for host in HOSTS)
    path = shutil.which("chromium") or shutil.which("chromium-browser")
    assert path, "no Chromium here: run `make browser`"
    context = driver.chromium.launch_persistent_context(
        str(folder / "profile"),
        executable_path=path,
        headless=False,  # the flag below is the headless that loads extensions
        viewport={"width": 1366, "height": 768},
        locale="ru-RU",
        ignore_default_args=["--disable-extensions"],
        args=[
            "--headless=new",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--disable-dev-shm-usage",
            "--ignore-certificate-errors",
            "--disable-features=DisableLoadExtensionCommandLineSwitch",
            f"--disable-extensions-except={extension}",
            f"--load-extension={extension}",
            f"--host-resolver-rules={rules},MAP * ~NOTFOUND,EXCLUDE 127.0.0.1",
            f"--log-net-log={netlog}",
        ],
    )
    sight = Sight(context, cabinet, site, netlog)
    sight.extension = urlsplit(sight.worker.url).netloc
    first = context.pages[
        0
    ]  # the companion opens its page when it is installed, in the first empty tab it finds
    for _try in range(300):
        if any(page.url.endswith("/options.html") for page in context.pages):
            break
        first.wait_for_timeout(100)
    return sight


def hosts_requested(netlog: Path, extension: str) -> set[str]:
    """Every host the companion, or the cabinet's page, asked for, as the browser itself wrote it down."""
    reported = json.loads(
        netlog.read_text(encoding="utf-8", errors="replace").rstrip().rstrip(",") + ""
    )
    hosts = set()
    for event in reported["events"]:
        stated = event.get("params") or {}
        begun = str(stated.get("initiator") or "")
        if f"chrome-extension://{extension}" in begun or "kaspi.kz" in begun:
            at = urlsplit(str(stated.get("url") or ""))
            hosts |= {at.hostname or ""} if at.scheme in {"http", "https"} else set()
    return hosts


def work(merchant_id: UUID) -> int:
    """Do the waiting readings, as the worker does; tells how many."""
    done = 0
    while True:
        with connection.cursor() as cursor:
            cursor.execute(
                "DELETE FROM procrastinate_jobs WHERE id = (SELECT min(id) FROM procrastinate_jobs"
                " WHERE task_name = %s) RETURNING args",
                [READ_TASK],
            )
            row = cursor.fetchone()
        if row is None:
            return done
        args = row[0] if isinstance(row[0], dict) else json.loads(row[0])
        cabinet_read(
            merchant_id, utc_now(), intake_id=UUID(args["intake_id"]), by=actor_from(args["by"])
        )
        done += 1


def new_cabinet() -> Cabinet:
    """A cabinet that asks to sign in; its first login holds two shops."""
    kaspi = KaspiStandIn(utc_now, shop=KaspiSite(), login=True)
    kaspi.add_shop(KaspiSite(merchant_id="30000002"))
    return Cabinet(kaspi)
