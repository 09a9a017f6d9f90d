"""Two hundred ways to make us call ourselves, and not one connection."""

from __future__ import annotations

import ipaddress
import socket

import pytest

from qaitar.transport.addresses import AddressCode, CallTarget, Forbidden, is_public, resolve_public

CLOSED_V4 = [
    *(
        "0.0.0.0",
        "0.1.2.3",
        "10.0.0.1",
        "10.255.255.255",
        "100.64.0.1",
        "100.100.100.200",
        "100.127.255.255",
    ),
    *(
        "127.0.0.1",
        "127.1.2.3",
        "127.255.255.255",
        "169.254.0.1",
        "169.254.169.254",
        "169.254.170.2",
    ),
    *(
        "172.16.0.1",
        "172.31.255.255",
        "192.0.0.1",
        "192.0.0.192",
        "192.0.2.1",
        "192.88.99.1",
        "192.168.0.1",
    ),
    *(
        "192.168.255.255",
        "198.18.0.1",
        "198.19.255.255",
        "198.51.100.7",
        "203.0.113.7",
        "224.0.0.1",
    ),
    *("239.255.255.250", "240.0.0.1", "255.255.255.255", "168.63.129.16"),
]
CLOSED_V6 = [
    *(
        "::",
        "::1",
        "::2",
        "::127.0.0.1",
        "::ffff:127.0.0.1",
        "::ffff:10.0.0.1",
        "::ffff:169.254.169.254",
    ),
    *(
        "::ffff:8.8.8.8",
        "::ffff:0:127.0.0.1",
        "64:ff9b::7f00:1",
        "64:ff9b::a9fe:a9fe",
        "64:ff9b::808:808",
    ),
    *(
        "64:ff9b:1::1",
        "100::1",
        "2001::1",
        "2001:0:4136:e378:8000:63bf:3fff:fdd2",
        "2001:2::1",
        "2001:10::1",
    ),
    *(
        "2001:20::1",
        "2001:db8::1",
        "2002:7f00:1::",
        "2002:a00:1::",
        "2002:808:808::",
        "3fff::1",
        "5f00::1",
    ),
    *(
        "fc00::1",
        "fd00::1",
        "fd00:ec2::254",
        "fe80::1",
        "febf::1",
        "fec0::1",
        "ff02::1",
        "ff0e::1",
        "4000::1",
    ),
    *(
        "0:0:0:0:0:0:0:1",
        "0000:0000:0000:0000:0000:ffff:7f00:0001",
        "::ffff:7f00:1",
        "::ffff:a9fe:a9fe",
    ),
]
NUMBER_HOSTS = [
    *(
        "2130706433",
        "0x7f000001",
        "0x7f.1",
        "0x7f.0.0.1",
        "017700000001",
        "0177.0.0.1",
        "127.1",
        "127.0.1",
    ),
    *(
        "0",
        "00000000",
        "0x0",
        "127.0.0.1.",
        "127.0.0.01",
        "127.0.0.0x1",
        "0127.0.0.1",
        "10.1",
        "192.168.1",
    ),
    *(
        "3232235521",
        "0xc0a80001",
        "0xa9fea9fe",
        "2852039166",
        "169.254.43518",
        "0251.0376.0251.0376",
    ),
    *(
        "127.0.0.256",
        "1.2.3.4.5",
        "999.1.1.1",
        "4294967296",
        "127.0.0.1e0",
        "0x7f.0x0.0x0.0x1",
        "1.0x7f000001",
    ),
    *("0b1111111.0.0.1", "127..1", "127.0.0.1.0x", "٢١٣٠٧٠٦٤٣٣", "127.0.0.١"),
]
SPELLED_HOSTS = [
    *(
        "１２７.０.０.１",
        "①②⑦.⓪.⓪.①",
        "127。0。0。1",
        "127．0．0．1",
        "127｡0｡0｡1",
        "ⓛⓞⓒⓐⓛⓗⓞⓢⓣ",
        "ｌｏｃａｌｈｏｓｔ",
    ),
    *(
        "local\u00adhost",
        "localhost\u200b",
        "exa\u200dmple.kz",
        "example\u2024com",
        "ẞhop.kz",
        "ﬁle.kz",
        "example.kz.",
    ),
    *(
        "shop.kz..",
        ".shop.kz",
        "shop..kz",
        "-shop.kz",
        "shop-.kz",
        "sh%6fp.kz",
        "127%2e0%2e0%2e1",
        "shop.kz%00",
    ),
    *(
        "[::1%25lo]",
        "[fe80::1%eth0]",
        "[::1",
        "[]",
        "[127.0.0.1]",
        "[v1.a]",
        "[::1]x",
        "a" * 64 + ".kz",
    ),
    *(
        ".".join(["abc"] * 80),
        "shop_.kz\u202e",
        "xn--.kz",
        "xn--a.kz\u3002",
        "\u212a.kz",
        "ſhop.kz",
    ),
]
NAMED_INSIDE = ["localhost", "LOCALHOST", "a.localhost", "intranet", "db", "metadata", "kubernetes"]
ODD_URLS = [
    *(
        "",
        "shop.kz",
        "//shop.kz/",
        "https:/shop.kz",
        "https:shop.kz",
        "https:///shop.kz",
        "https://",
        "https://:443",
    ),
    *(
        "https://shop.kz\\@127.0.0.1/",
        "https://shop.kz\t/",
        "https://sh\nop.kz/",
        " https://shop.kz",
        "https://shop.kz/\r\nX: y",
    ),
    *(
        "https://shop.kz/ a",
        "https://shop.kz/й",
        "https://a@shop.kz/",
        "https://a:b@127.0.0.1/",
        "https://127.0.0.1@shop.kz/",
    ),
    *(
        "https://shop.kz#@127.0.0.1/",
        "https://shop.kz:0/",
        "https://shop.kz:65536/",
        "https://shop.kz:/",
        "https://shop.kz:44a/",
    ),
    *(
        "https://shop.kz:+443/",
        "https://shop.kz:4_43/",
        "https://shop.kz:٤٤٣/",
        "https://shop.kz:443:443/",
        "https://shop.kz:0443/",
    ),
    *(
        "http://shop.kz/",
        "HTTP://shop.kz",
        "ftp://shop.kz/",
        "file:///etc/passwd",
        "gopher://127.0.0.1:6379/_x",
    ),
    *(
        "dict://127.0.0.1/",
        "data:text/plain,x",
        "javascript:alert(1)",
        "unix:///var/run/docker.sock",
        "ldap://shop.kz",
    ),
    *(
        "https://[::1]:80x/",
        "https://[shop.kz]/",
        "https://shop.kz/" + "a" * 2048,
        "jar:https://shop.kz!/",
        "ws://shop.kz",
    ),
    "https://shop.kz<script>/",
]
TRICKS = [
    *(f"https://{int(ipaddress.IPv4Address(host))}/" for host in CLOSED_V4),
    *(f"https://{int(ipaddress.IPv4Address(host)):#x}/" for host in CLOSED_V4),
    *(f"https://{host}/hook" for host in CLOSED_V4),
    *(f"https://[{host}]/hook" for host in CLOSED_V6),
    *(f"https://{host}/hook" for host in NUMBER_HOSTS),
    *(f"https://{host}/hook" for host in SPELLED_HOSTS),
    *(f"https://{host}/hook" for host in NAMED_INSIDE),
    *ODD_URLS,
]


@pytest.fixture
def connections(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """Every attempt to connect or send, by anyone, at the socket itself."""
    seen: list[object] = []

    def _watch(_self: socket.socket, address: object, *_more: object) -> None:
        seen.append(address)
        raise ConnectionRefusedError

    for name in ("connect", "connect_ex", "sendto"):
        monkeypatch.setattr(socket.socket, name, _watch)
    return seen


def _public(_host: str, _port: int) -> list[str]:
    return ["93.184.215.14"]


def test_there_are_two_hundred_tricks() -> None:
    assert len(set(TRICKS)) >= 200


@pytest.mark.parametrize("url", [u for u in TRICKS if u != "https://shop.kz#@127.0.0.1/"])
def test_a_tricky_address_is_forbidden_before_anything_is_connected(
    url: str, connections: list[object]
) -> None:
    looked_up: list[str] = []

    def resolver(host: str, port: int) -> list[str]:
        looked_up.append(host)
        return _public(host, port)

    verdict = resolve_public(url, resolver=resolver)

    assert isinstance(verdict, Forbidden), verdict
    assert looked_up == []
    assert connections == []


def test_a_fragment_is_not_an_address_and_is_not_sent() -> None:
    verdict = resolve_public("https://shop.kz#@127.0.0.1/", resolver=_public)

    assert verdict == CallTarget("https", "shop.kz", "93.184.215.14", 443, "/")


@pytest.mark.parametrize("address", [*CLOSED_V4, *CLOSED_V6])
def test_a_public_name_that_answers_with_a_closed_address_is_forbidden(
    address: str, connections: list[object]
) -> None:
    alone = resolve_public("https://shop.kz/", resolver=lambda _h, _p: [address])
    inside_a_public_one = resolve_public(
        "https://shop.kz/", resolver=lambda _h, _p: ["8.8.8.8", address]
    )

    assert alone == inside_a_public_one == Forbidden(AddressCode.NOT_PUBLIC)
    assert connections == []


@pytest.mark.parametrize("answer", [[], ["not an address"], ["8.8.8.8", "x"], ["fe80::1%eth0"]])
def test_an_unreadable_answer_of_the_name_server_is_forbidden(answer: list[str]) -> None:
    verdict = resolve_public("https://shop.kz/", resolver=lambda _h, _p: answer)

    assert isinstance(verdict, Forbidden)
    assert verdict.code in {AddressCode.UNKNOWN_HOST, AddressCode.NOT_PUBLIC}


def test_a_name_is_looked_up_once_and_the_answer_carries_the_address() -> None:
    answers = [["93.184.215.14"], ["127.0.0.1"]]

    verdict = resolve_public(
        "https://Shop.KZ:8443/hook?a=1&b=2", resolver=lambda _h, _p: answers.pop(0)
    )

    assert verdict == CallTarget("https", "shop.kz", "93.184.215.14", 8443, "/hook?a=1&b=2")
    assert answers == [["127.0.0.1"]]


@pytest.mark.parametrize(
    ("url", "host", "ip"),
    [
        ("https://8.8.8.8/x", "8.8.8.8", "8.8.8.8"),
        ("https://[2a00:1450:4010:c0f::8a]/x", "2a00:1450:4010:c0f::8a", "2a00:1450:4010:c0f::8a"),
        ("https://xn--80aswg.xn--p1ai/x", "xn--80aswg.xn--p1ai", "93.184.215.14"),
        ("https://сайт.рф/x", "xn--80aswg.xn--p1ai", "93.184.215.14"),
        ("https://дүкен.қаз/x", "xn--d1acon18c.xn--80ao21a", "93.184.215.14"),
        ("https://hooks_1.shop.kz/x", "hooks_1.shop.kz", "93.184.215.14"),
    ],
)
def test_honest_addresses_are_let_through(url: str, host: str, ip: str) -> None:
    verdict = resolve_public(url, resolver=_public)

    assert isinstance(verdict, CallTarget)
    assert (verdict.host, verdict.ip) == (host, ip)


def test_a_listed_host_may_be_on_the_local_network_without_tls() -> None:
    def resolver(_host: str, _port: int) -> list[str]:
        return ["192.168.1.20"]

    listed = resolve_public(
        "http://1c.office.lan:8080/odata", allow_hosts=["1C.office.lan:8080"], resolver=resolver
    )
    other_port = resolve_public(
        "http://1c.office.lan:22/", allow_hosts=["1c.office.lan:8080"], resolver=resolver
    )
    other_host = resolve_public(
        "https://x.1c.office.lan/", allow_hosts=["1c.office.lan"], resolver=resolver
    )

    assert listed == CallTarget("http", "1c.office.lan", "192.168.1.20", 8080, "/odata")
    assert other_port == Forbidden(AddressCode.NOT_HTTPS)
    assert other_host == Forbidden(AddressCode.NOT_PUBLIC)
    assert resolve_public("http://127.0.0.1:9000/", allow_hosts=["127.0.0.1:9000"]) == CallTarget(
        "http", "127.0.0.1", "127.0.0.1", 9000, "/"
    )


@pytest.mark.parametrize(
    "never",
    [
        "169.254.169.254",
        "fe80::1",
        "::ffff:169.254.169.254",
        "fd00:ec2::254",
        "224.0.0.1",
        "0.0.0.0",
        "168.63.129.16",
    ],
)
def test_cloud_credentials_stay_closed_even_to_a_listed_host(never: str) -> None:
    verdict = resolve_public(
        "https://erp.lan/", allow_hosts=["erp.lan"], resolver=lambda _h, _p: [never]
    )

    assert verdict == Forbidden(AddressCode.NOT_PUBLIC)


def test_every_refusal_that_has_a_plain_cause_names_it() -> None:
    causes = {
        "ftp://shop.kz/": AddressCode.SCHEME,
        "http://shop.kz/": AddressCode.NOT_HTTPS,
        "https://a:b@shop.kz/": AddressCode.USER_IN_URL,
        "https://0x7f.1/": AddressCode.BAD_HOST,
        "https://shop.kz:99999/": AddressCode.BAD_PORT,
        "https://shop.kz/\n": AddressCode.BAD_URL,
        "https://10.0.0.1/": AddressCode.NOT_PUBLIC,
    }

    assert {url: resolve_public(url, resolver=_public) for url in causes} == {
        url: Forbidden(code) for url, code in causes.items()
    }


def test_no_address_the_standard_library_calls_private_is_public_to_us() -> None:
    for number in range(0, 2**32, 65_521):
        address = ipaddress.IPv4Address(number)
        if is_public(address):
            assert address.is_global, address
