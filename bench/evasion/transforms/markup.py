"""Tags, comments, emphasis and terminal codes inside the text, or all of it where readers do not look."""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from typing import Final

from bench.evasion.transforms.registry import Transform, Unit, add, transform


def _add(
    name: str,
    unit: Unit,
    make: Callable[[str, random.Random], str],
    noise: str,
    published: tuple[str, ...] = (),
) -> None:
    """Register a transform that is undone by removing what `noise` matches."""
    pattern = re.compile(noise, re.DOTALL)
    add(Transform(name, "markup", unit, make, lambda text: pattern.sub("", text), False, "letters", False, published))


_TAGS: Final = ("<b></b>", "<i></i>", "<span></span>", "<wbr>", "<em></em>", "<a></a>", '<u class="x"></u>')


def _letter(with_what: Callable[[str, random.Random], str]) -> Callable[[str, random.Random], str]:
    """Return a transform of characters that leaves white space alone."""
    return lambda char, rng: char if char.isspace() else with_what(char, rng)


_add("empty_tags", "char", _letter(lambda char, rng: char + rng.choice(_TAGS)), "<[^>]*>")
_add("letter_tags", "char", _letter(lambda char, rng: f"<b>{char}</b>"), "<[^>]*>")
_add("letter_spans", "char", _letter(lambda char, rng: f'<span style="color:#333">{char}</span>'), "<[^>]*>")
_add("letter_comments", "char", _letter(lambda char, rng: f"{char}<!--{rng.randint(0, 99)}-->"), "<!--.*?-->")
_add("word_comments", "word", lambda word, rng: f"{word}<!-- note {rng.randint(0, 99)} -->", "<!--.*?-->")
_add("word_tags", "word", lambda word, rng: f"<em>{word}</em>", "<[^>]*>")
_add("soft_breaks", "char", _letter(lambda char, rng: char + "<wbr>"), "<wbr>")
_add("soft_hyphen_entities", "char", _letter(lambda char, rng: char + "&shy;"), "&shy;")
_add("zero_width_entities", "char", _letter(lambda char, rng: char + "&#8203;"), "&#8203;")
_add("bbcode", "word", lambda word, rng: f"[b]{word}[/b]", r"\[/?b\]")
_add(
    "ansi_colours",
    "char",
    _letter(lambda char, rng: f"\x1b[3{rng.randint(1, 7)}m{char}\x1b[0m"),
    "\x1b\\[[0-9;]*m",
    ("garak", "pyrit"),
)
_add("ansi_words", "word", lambda word, rng: f"\x1b[1;4m{word}\x1b[22;24m", "\x1b\\[[0-9;]*m")
_add(
    "ansi_links",
    "word",
    lambda word, rng: f"\x1b]8;;http://a.example\x1b\\{word}\x1b]8;;\x1b\\",
    "\x1b\\]8;;.*?\x1b\\\\",
)


def _split(word: str, form: str, rng: random.Random) -> str:
    """Return a word with its first half in `form`."""
    at = rng.randint(1, max(1, len(word) - 1))
    return form.format(word[:at]) + word[at:]


def _emphasis(name: str, form: str, noise: str) -> None:
    _add(name, "word", lambda word, rng: _split(word, form, rng), noise)


_emphasis("markdown_bold", "**{}**", r"\*\*")
_emphasis("markdown_italic", "*{}*", r"\*")
_emphasis("markdown_strike", "~~{}~~", "~~")
_emphasis("markdown_code", "`{}`", "`")
_add("markdown_letters", "char", _letter(lambda char, rng: f"**{char}**"), r"\*\*")
_add("markdown_escapes", "char", lambda char, rng: f"{char}\\_" if char.isalpha() else char, r"\\_")
_add("html_comment", "text", lambda text, rng: f"<!-- {text} -->", "^<!-- | -->$", ("garak",))
_add(
    "hidden_span",
    "text",
    lambda text, rng: f'<p>Our opening hours are 9 to 5.<span style="display:none">{text}</span></p>',
    '^<p>Our opening hours are 9 to 5.<span style="display:none">|</span></p>$',
)
_add(
    "white_text",
    "text",
    lambda text, rng: f'<font color="#ffffff" size="1">{text}</font>',
    "^<font[^>]*>|</font>$",
)
_add("cdata", "text", lambda text, rng: f"<note><![CDATA[{text}]]></note>", r"^<note><!\[CDATA\[|\]\]></note>$")
_add("markdown_comment", "text", lambda text, rng: f"[//]: # ({text})", r"^\[//\]: # \(|\)$")


@transform("markup", inverse=lambda text: re.findall('alt="([^"]*)"', text)[0], domain="letters", published=("garak",))
def image_description(text: str, rng: random.Random) -> str:
    """The text as the description of an image."""
    return f'<img src="sunset.jpg" alt="{text.replace(chr(34), chr(39))}" width="1">'


@transform("markup", inverse=lambda text: re.findall('content="([^"]*)"', text)[0], domain="letters")
def meta_description(text: str, rng: random.Random) -> str:
    """The text in the head of a page."""
    return f'<head><meta name="description" content="{text.replace(chr(34), chr(39))}"></head>'


@transform("markup", inverse=lambda text: re.sub(r"\[([^\]]*)\]\(#\)", r"\1", text), domain="letters")
def markdown_links(text: str, rng: random.Random) -> str:
    """Each word a link to nowhere."""
    return re.sub(r"\S+", lambda m: f"[{m.group()}](#)", text)


@transform("markup", inverse=lambda text: re.findall(r'"note":"([^"]*)"', text)[0], domain="letters")
def link_data(text: str, rng: random.Random) -> str:
    """The text in JSON, in the target of a link in Markdown."""
    body = text.replace("\\", "\\\\").replace('"', "'").replace("\n", "\\n")
    return f'[minutes](data:application/json,{{"id":7,"note":"{body}"}})'


@transform("markup", "word", inverse=lambda text: re.sub(r"\\textbf\{([^}]*)\}", r"\1", text), domain="letters")
def latex_bold(word: str, rng: random.Random) -> str:
    return f"\\textbf{{{word}}}"


@transform(
    "markup",
    inverse=lambda text: "".join(re.findall(r"<td>([^<]*)</td>", text)),
    domain="letters",
)
def table_cells(text: str, rng: random.Random) -> str:
    """A few characters in each cell of a table."""
    cells = "".join(f"<td>{text[i : i + 4]}</td>" for i in range(0, len(text), 4))
    return f"<table><tr>{cells}</tr></table>"
