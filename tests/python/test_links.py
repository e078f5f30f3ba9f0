"""Links are found where they stand, their hosts read as a browser reads them, and honest ones left alone."""

from __future__ import annotations

import ipaddress
import time
from pathlib import Path

import pytest
from fastguard import Allow, Guard, Levels, Policy, _core
from hypothesis import example, given, settings
from hypothesis import strategies as st

KNOWN = (Path(__file__).parents[2] / "training" / "known_hosts.txt").read_text(encoding="utf-8").split()


def texts(text: str) -> list[str]:
    return [link["text"] for link in _core.links(text)]


def hosts(text: str) -> list[str]:
    return [link["host"] for link in _core.links(text)]


def traits(text: str, own: tuple[str, ...] = ()) -> set[str]:
    return {trait for link in _core.links(text, own) for trait in link["traits"]}


@pytest.fixture(scope="module")
def guard() -> Guard:
    return Guard(model=None, policy=Policy(detectors={"*": False, "malicious_link/*": True}))


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("see https://example.com/a?b=c#d.", ["https://example.com/a?b=c#d"]),
        ("(https://example.com/a_(b))", ["https://example.com/a_(b)"]),
        ("[x](https://example.com/a)", ["https://example.com/a"]),
        ("<https://example.com>", ["https://example.com"]),
        ('"http://example.com",', ["http://example.com"]),
        ("visit example.com, then www.example.org!", ["example.com", "www.example.org"]),
        ("hxxps://evil[.]example[.]com/x", ["hxxps://evil[.]example[.]com/x"]),
        ("http[:]//evil(.)com", ["http[:]//evil(.)com"]),
        ("evil[.]com and bad[dot]net", ["evil[.]com", "bad[dot]net"]),
        ("http:\\\\example.com\\x", ["http:\\\\example.com"]),
        ('{"u":"https:\\/\\/example.com\\/a"}', ["https:\\/\\/example.com\\/a"]),
        ("https://user:pw@example.com:8443/x", ["https://user:pw@example.com:8443/x"]),
        ("请访问https://example.com/路。谢谢", ["https://example.com/"]),
        ("网站example.com很好", ["example.com"]),
        ("https://例え.jp/", ["https://例え.jp/"]),
        ("//cdn.example.com/x.js", ["cdn.example.com/x.js"]),
        ("ftp://files.example.com/a", ["ftp://files.example.com/a"]),
        ("mail ann@example.com or first.last@example.com", []),
        ("main.py, README.md, foo.rs and e.g. self.name; ends here.In short", []),
        ("version 1.2.3 of lib.so at 10.30", []),
        ("http://localhost:8000/ and http://10.0.0.1/ and http://build.internal/x", []),
        ("a::b c:\\d std::string", []),
    ],
)
def test_links_stand_where_they_are_written(text: str, found: list[str]) -> None:
    assert texts(text) == found


@pytest.mark.parametrize(
    ("host", "registrable"),
    [
        ("www.example.com", "example.com"),
        ("a.b.example.co.uk", "example.co.uk"),
        ("x.y.foo.ck", "y.foo.ck"),
        ("x.www.ck", "www.ck"),
        ("city.kawasaki.jp", "city.kawasaki.jp"),
        ("a.b.kawasaki.jp", "a.b.kawasaki.jp"),
        ("me.github.io", "me.github.io"),
        ("www.食狮.公司.cn", "食狮.公司.cn"),
        ("www.xn--85x722f.xn--55qx5d.cn", "xn--85x722f.xn--55qx5d.cn"),
        ("a.b.unknownsuffix", "b.unknownsuffix"),
    ],
)
def test_registrable_domains_follow_the_public_suffix_list(host: str, registrable: str) -> None:
    (link,) = _core.links(f"https://{host}/")
    assert link["registrable"] == registrable


def test_every_rule_agrees_with_another_reader_of_the_list() -> None:
    library = pytest.importorskip("publicsuffixlist")
    oracle = library.PublicSuffixList()
    names = [
        "a.b.c.d." + rule for rule in ("com", "co.uk", "ck", "kobe.jp", "github.io", "公司.cn", "s3.amazonaws.com")
    ]
    names += [f"x.y.{host}" for host in KNOWN]
    for name in names:
        found = _core.links(f"https://{name}/")
        assert [link["registrable"] for link in found] == [oracle.privatesuffix(name)], name


@given(st.integers(0x01000000, 0xDFFFFFFF), st.sampled_from(["dec", "hex", "oct", "parts3", "parts2", "hexdots"]))
@example(3232235777, "dec")
def test_ipv4_in_every_notation_is_told(address: int, notation: str) -> None:
    a, b, c, d = ipaddress.IPv4Address(address).packed
    written = {
        "dec": str(address),
        "hex": hex(address),
        "oct": f"0{address:o}",
        "parts3": f"{a}.{b}.{c << 8 | d}",
        "parts2": f"{a}.{b << 16 | c << 8 | d}",
        "hexdots": f"{a:#x}.{b:#x}.{c:#x}.{d:#x}",
    }[notation]
    assert "numeric_host" in traits(f"http://{written}/login")


def test_plain_addresses_are_not_numeric_hosts() -> None:
    assert traits("http://203.0.113.9/x http://198.51.100.4:8080/y") <= {"score_open", "score_raised", "score_high"}
    assert "numeric_host" in traits("http://[::ffff:203.0.113.9]/")
    assert hosts("http://999.1.1.1.1/") == []


def distance_at_most_one(a: str, b: str) -> bool:
    if len(a) > len(b):
        a, b = b, a
    edits = {a[:i] + a[i + 1 :] for i in range(len(a))}
    edits |= {a[:i] + x + a[i + 1 :] for i in range(len(a)) for x in b}
    edits |= {a[:i] + x + a[i:] for i in range(len(a) + 1) for x in b}
    edits |= {a[:i] + a[i + 1] + a[i] + a[i + 2 :] for i in range(len(a) - 1)}
    return b in edits


@given(st.text("netflixgoab", min_size=6, max_size=8))
@example("netfilx")
@settings(max_examples=300)
def test_one_edit_is_what_the_slow_oracle_says(tail: str) -> None:
    label = "n" + tail[:7]
    found = [link for link in _core.links(f"https://{label}.xyz/") if link["brand"] == "netflix"]
    typo = any("typosquat" in link["traits"] for link in found)
    longer_by_s_or_digit = len(label) > len("netflix") and (label[-1] == "s" or label[-1].isdigit())
    expected = label != "netflix" and distance_at_most_one(label, "netflix") and not longer_by_s_or_digit
    homoglyph = any("homoglyph" in link["traits"] for link in found)
    assert typo == expected or homoglyph


@pytest.mark.parametrize(
    ("url", "trait"),
    [
        ("https://paypal.com@evil.example/", "userinfo_host"),
        ("https://pàypal.com/", "homoglyph"),
        ("https://аррӏе.com/", "homoglyph"),
        ("https://paypal.com.evil.example/", "embedded_domain"),
        ("https://apple-id-verify.example/", "other"),
        ("https://netflix-billing.example/", "brand_lure"),
        ("[www.paypal.com](https://evil.example/)", "brand_text"),
    ],
)
def test_disguises_have_their_traits(url: str, trait: str) -> None:
    found = traits(url)
    assert trait in found if trait != "other" else "embedded_domain" not in found


def test_zero_of_the_well_known_hosts_are_flagged(guard: Guard) -> None:
    assert len(KNOWN) >= 1000
    wrong = []
    for host in KNOWN:
        for text in (
            f"https://{host}/",
            f"https://www.{host}/about",
            f"see {host} for more",
            f"[{host}](https://{host})",
        ):
            verdict = guard.check(text)
            if verdict.flagged:
                wrong.append((text, [f.signature for f in verdict.findings]))
    assert wrong == []


def test_no_small_honest_site_is_flagged(guard: Guard) -> None:
    sites = (Path(__file__).parents[1] / "corpus" / "honest_small_sites.txt").read_text(encoding="utf-8").split()
    assert len(sites) >= 130
    assert [site for site in sites if guard.check(f"Have a look at {site} when you have time.").flagged] == []


@pytest.mark.parametrize(
    "url",
    [
        "https://account-verify.top/",
        "https://vpass-update.icu/mem/index.html",
        "http://203.0.113.7/wp/login.php",
    ],
)
def test_links_that_nothing_honest_looks_like_are_flagged_alone(url: str, guard: Guard) -> None:
    verdict = guard.check(url)
    assert "malicious_link.learned.high" in {finding.signature for finding in verdict.findings}
    assert verdict.flagged


def test_unknown_links_are_told_where_hosts_are_given() -> None:
    plain = Guard(model=None)
    strict = Guard(
        model=None,
        policy=Policy(allow=Allow(hosts=("example.com",)), actions={"unknown_link": Levels(block=3, flag=3)}),
    )
    text = "Read https://docs.example.com/x and https://example.org/y"
    assert "unknown_link" not in plain.check(text).categories
    found = [f.text for f in strict.check(text).findings if f.category == "unknown_link"]
    assert found == ["https://example.org/y"]
    assert strict.check(text).action == "block"
    quiet = Guard(model=None, policy=Policy(allow=Allow(hosts=("example.com",))))
    assert not quiet.check(text).flagged


def test_a_stream_of_any_cut_finds_the_same(guard: Guard) -> None:
    text = (
        "Your account has been suspended. Sign in at https://paypa1.com/signin or see "
        "[www.amazon.com](http://203.0.113.9/in) and https://раypal.com/x today."
    )
    whole = guard.check(text)
    assert {f.signature.split(".")[1] for f in whole.findings} >= {"lookalike", "anchor"}
    for cut in range(1, len(text), 5):
        stream = guard.stream()
        stream.feed(text[:cut])
        stream.feed(text[cut:])
        stream.close()
        assert [(f.signature, f.start, f.end) for f in stream.verdict.findings] == [
            (f.signature, f.start, f.end) for f in whole.findings
        ]


def test_explain_says_what_a_host_pretends_to_be(guard: Guard) -> None:
    (link,) = guard.explain("go to https://paypa1.com/x")["links"]
    assert (link["host"], link["brand"]) == ("paypa1.com", "paypal")
    assert "homoglyph" in link["traits"]


@pytest.mark.parametrize(
    "bait",
    [
        "http://",
        "a.",
        "a-",
        "http://[",
        "http://a@",
        "[.]",
        "x[.]",
        "http:/",
        "https://a.b/(",
        "www.",
        "a.b@",
        "：//",
        "(.)a",
    ],
)
def test_baits_take_linear_time(bait: str, guard: Guard) -> None:
    def seconds(size: int) -> float:
        text = bait * (size // len(bait))
        start = time.perf_counter()
        guard.check(text)
        return time.perf_counter() - start

    seconds(10_000)
    small = min(seconds(30_000) for _ in range(3))
    large = min(seconds(240_000) for _ in range(2))
    assert large < 8 * small * 4 + 0.02
