"""Sanitized text is safe, stays what it is a second time, and says what went."""

from __future__ import annotations

import re
import time
from html.parser import HTMLParser

import pytest
from fastguard import Guard, Policy
from fastguard.policy import Allow
from fastguard.sanitize import TARGETS, Target, sanitize
from fastguard.sanitize.html import KEPT
from hypothesis import given
from hypothesis import strategies as st

PIECES = [
    "<", ">", "</", "<script>", "</script>", "<b>", "</b>", "<a href=", '"', "'", "javascript:", "alert(1)", " onclick=x",
    "<!--", "-->", "<![CDATA[", "]]>", "&lt;", "&#106;", "&", "[", "]", "(", ")", "![", "](", "]: ", "http://x.example/a",
    "`", "```", "\n", "\n\n", "~~~", "|", "\\", "<img src=x onerror=y>", "<svg/onload=z>", "data:text/html,", "\x1b[31m",
    "\x1b]8;;u\x07", "\x1b", "\x07", "\r", "\r\n", "\x9b", "\u202e", "=", "+", "-", "@", ",", ";", "\t", "1", "é", "word ",
    "<style>", "</style>", "<http://x.example>", "<javascript:x>", "/", "{", "}", "$", "\0", "\u3000", "\uff1d", "!",
]  # fmt: skip
TEXTS = st.one_of(st.lists(st.sampled_from(PIECES), max_size=24).map("".join), st.text(max_size=60))


class _Reader(HTMLParser):
    """What a parser sees of sanitized HTML."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.bad: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in KEPT:
            self.bad.append(tag)
        for name, value in attrs:
            if name not in KEPT.get(tag, ()):
                self.bad.append(f"{tag}.{name}")
            if name in {"href", "src"} and re.match(r"\s*(javascript|data|vbscript)\s*:", value or "", re.IGNORECASE):
                self.bad.append(value or "")

    def handle_comment(self, data: str) -> None:
        self.bad.append(f"<!--{data}")

    def handle_decl(self, decl: str) -> None:
        self.bad.append(decl)

    def handle_pi(self, data: str) -> None:
        self.bad.append(data)


@pytest.mark.parametrize("target", TARGETS)
@given(text=TEXTS)
def test_a_second_time_changes_nothing(target: Target, text: str) -> None:
    once = sanitize(text, target)
    again = sanitize(once.text, target)
    assert again.text == once.text
    assert again.removed == ()


@pytest.mark.parametrize("text", ["](javascript:<", "](<javascript:<", "](<style>javascript:<"])
def test_what_reads_as_an_address_once_it_is_escaped_goes_at_once(text: str) -> None:
    once = sanitize(text, "markdown")
    assert once.text == "](#"
    assert [item.kind for item in once.removed] != []


@pytest.mark.parametrize("target", TARGETS)
@given(text=TEXTS)
def test_what_was_removed_stands_where_it_says(target: Target, text: str) -> None:
    for item in sanitize(text, target).removed:
        assert item.start < item.end
        assert text[item.start : item.end].replace("\0", "\ufffd") == item.text.replace("\0", "\ufffd")


@given(text=TEXTS)
def test_a_parser_finds_only_what_is_kept_in_html(text: str) -> None:
    reader = _Reader()
    reader.feed(sanitize(text, "html").text)
    reader.close()
    assert reader.bad == []


@given(text=TEXTS)
def test_no_tag_and_no_remote_image_is_left_in_markdown(text: str) -> None:
    safe = sanitize(text, "markdown").text
    outside = re.sub(r"(?m)^ {0,3}(`{3,}|~{3,})[^\n]*\n[\s\S]*?^ {0,3}\1[`~]*[ \t]*$|(`+)[^\n]*?\2", "", safe)
    assert not re.search(r"<(?!https?://|mailto:|[\w.+-]+@)[a-zA-Z/!?][^\n<>]*>", outside)
    assert not re.search(r"!\[[^\[\]\n]*\]\((?:https?:)?//", outside)


@given(text=TEXTS)
def test_a_terminal_gets_no_control_characters(text: str) -> None:
    safe = sanitize(text, "terminal").text
    assert not re.search(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]|\r(?!\n)", safe)


@given(text=TEXTS)
def test_no_line_of_a_cell_begins_a_formula(text: str) -> None:
    for line in re.split(r"[\n\r\t,;]", sanitize(text, "csv").text):
        stripped = line.lstrip(' "\u00a0\u3000\ufeff\0')
        assert not re.match(r"[=@|%\uff1d\uff20]|[+-](?![0-9])", stripped)


HTML = [
    ("<p>Hello <b>you</b></p>", "<p>Hello <b>you</b></p>"),
    ('<a href="https://a.example/x?b=1&amp;c=2">x</a>', '<a href="https://a.example/x?b=1&amp;c=2">x</a>'),
    ("<script>go()</script>ok", "ok"),
    ("<scr<script>ipt>go()</script>", "&lt;scr"),
    ("<b onclick=go()>x</b>", "<b>x</b>"),
    ("<a href='jav&#x0A;ascript:go()'>x</a>", "<a>x</a>"),
    ("<svg><a href=javascript:go()>x</a></svg>ok", "ok"),
    ("<img src=x onerror=go()>", '<img src="x">'),
    ("<img src='https://x.example/p?d=secret' alt='a &lt;b&gt;'>", "a &lt;b&gt;"),
    ("<!-- a -->b", "b"),
    ("1 < 2 && 3 > 2", "1 &lt; 2 &amp;&amp; 3 &gt; 2"),
    ("<math><mtext><table><mglyph><style><img src=1 onerror=go()>", '<table><img src="1">'),
    ('<a href=//x.example title="a\'b">x</a>', '<a href="//x.example" title="a&#39;b">x</a>'),
    ("<td colspan=2 rowspan=x>", '<td colspan="2">'),
]


@pytest.mark.parametrize(("text", "expected"), HTML)
def test_html_keeps_what_formats(text: str, expected: str) -> None:
    assert sanitize(text, "html").text == expected


MARKDOWN = [
    ("# Title\n\n- a\n- **b** `c`\n", "# Title\n\n- a\n- **b** `c`\n"),
    ("![plan](https://x.example/p?d=secret)", "plan"),
    ("![plan](/local.png)", "![plan](/local.png)"),
    ("![a][b]\n\n[b]: https://x.example/p", "!\\[a][b]\n\n[b]: https://x.example/p"),
    ("[go](javascript:go)", "[go](#)"),
    ("[go](javascript:alert`1`)", "[go](#`1`)"),
    ("[go](java\\script\\:x)", "[go](#)"),
    ("[a]: <data:text/html,x>", "[a]: #"),
    ("<img src=x onerror=go()>text", "text"),
    ("```html\n<script>go()</script>\n```\n", "```html\n<script>go()</script>\n```\n"),
    ("```html\n<script>go()</script>\n", "```html\n\n"),
    ("`<b>` is bold", "`<b>` is bold"),
    ("a | ` | <b> ` |", "a | ` |  ` |"),
    ("see <https://a.example/x> or <ann@a.example>", "see <https://a.example/x> or <ann@a.example>"),
    ("a < b", "a &lt; b"),
    ("[note]: see below", "[note]: see below"),
]


@pytest.mark.parametrize(("text", "expected"), MARKDOWN)
def test_markdown_keeps_text_links_and_code(text: str, expected: str) -> None:
    assert sanitize(text, "markdown").text == expected


CELLS = [
    ("=cmd|'/C calc'!A0", "'=cmd|'/C calc'!A0"),
    ("-12.50", "-12.50"),
    ("+1,000.5", "+1,000.5"),
    ("-2+3+cmd|' /C calc'!D2", "'-2+3+cmd|' /C calc'!D2"),
    ("@SUM(A1)", "'@SUM(A1)"),
    ("a\n=1+1", "a\n'=1+1"),
    ('"=1+1"', '"\'=1+1"'),
    ("\uff1d1", "'\uff1d1"),
    ("plain = text", "plain = text"),
]


@pytest.mark.parametrize(("text", "expected"), CELLS)
def test_a_cell_is_never_a_formula(text: str, expected: str) -> None:
    assert sanitize(text, "csv").text == expected


def test_a_terminal_keeps_words_and_line_breaks() -> None:
    assert sanitize("a\x1b[2Kb\r\nc\td", "terminal").text == "ab\r\nc\td"
    assert sanitize("safe\rrm -rf", "terminal").text == "safe\nrm -rf"
    assert sanitize("\x1b]52;c;aGk=\x07x\x1b]0;unclosed", "terminal").text == "x]0;unclosed"


def test_the_guard_takes_the_hosts_of_its_policy() -> None:
    guard = Guard(model=None, policy=Policy(allow=Allow(hosts=("img.example",))))
    kept = "![a](https://cdn.img.example/a.png)"
    assert guard.sanitize(kept, target="markdown").text == kept
    assert guard.sanitize("![a](https://img.example.evil.test/a.png)", target="markdown").text == "a"
    with pytest.raises(ValueError, match="target: expected one of html, markdown, terminal, csv, got 'pdf'"):
        guard.sanitize("x", target="pdf")  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="text: expected a str, got bytes"):
        guard.sanitize(b"x", target="html")  # type: ignore[arg-type]


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize(
    "bait",
    ["<", "<a ", '<a "', "<!--", "![", "](", "[", "`", "```\n", "<script>", "\x1b]", "\x1b[", "=", '"', "<b>", "]: "],
)
def test_the_time_is_linear(target: Target, bait: str) -> None:
    def seconds(count: int) -> float:
        text = bait * count
        best = 9.0
        for _ in range(2):
            start = time.thread_time()
            sanitize(text, target)
            best = min(best, time.thread_time() - start)
        return best

    small, large = seconds(500), seconds(8_000)
    assert large < 64 * max(small, 0.0005)
