"""Make `cpp/src/wordpiece_tables.cpp`: what BERT's normaliser and pre-tokeniser make of each code point.

    python cpp/unicode/generate_wordpiece.py --ucd DIR            # writes the tables
    python cpp/unicode/generate_wordpiece.py --ucd DIR --check    # proves that the committed tables are fresh

The tables are to agree with PyPI's `tokenizers` (0.20 to 0.23), which mixes versions of Unicode: categories are those of
8.0, decompositions and combining classes those of 9.0, small letters those of 17.0. From the pinned data of 15.0 that is a
character's age, and the few differences named below.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from pinned import LIMIT, InputError, array, code_points, code_range, read_pinned, rows, two_stage, write

OUTPUT = Path(__file__).resolve().parents[1] / "src" / "wordpiece_tables.cpp"
CATEGORIES_OF, NORMALISATION_OF = (8, 0), (9, 0)
# Categories of 8.0 where 15.0 has others.
CATEGORY_THEN = {0x166D: "Po", 0x1734: "Mn", 0x1885: "Lo", 0x1886: "Lo", 0xA9BD: "Mc", 0x111C9: "Po"}
# Small letters of 16.0 and 17.0: first capital, last capital, distance.
SMALL_SINCE = (
    (0x1C89, 0x1C89, 1), (0xA7CB, 0xA7CB, 0x264 - 0xA7CB), (0xA7CC, 0xA7CC, 1), (0xA7CE, 0xA7CE, 1), (0xA7D2, 0xA7D2, 1),
    (0xA7D4, 0xA7D4, 1), (0xA7DA, 0xA7DA, 1), (0xA7DC, 0xA7DC, 0x19B - 0xA7DC), (0x10D50, 0x10D65, 0x20),
    (0x16EA0, 0x16EB8, 0x1B),
)  # fmt: skip
# As `tokenizers` has them: the block E of Han begins at 2B920 there, not at 2B820.
HAN = ((0x4E00, 0x9FFF), (0x3400, 0x4DBF), (0x20000, 0x2A6DF), (0x2A700, 0x2B73F), (0x2B740, 0x2B81F), (0x2B920, 0x2CEAF),
       (0xF900, 0xFAFF), (0x2F800, 0x2FA1F))  # fmt: skip

# Must agree with wordpiece_tables.h.
WORD, PUNCTUATION, SPACE, REMOVED, MARK, SINGLE = range(6)
POOLED = 6 << 21


class Data:
    """The properties of Unicode that BERT's normaliser needs."""

    def __init__(self, ucd: Path) -> None:
        self.category: dict[int, str] = {}
        self.ccc: dict[int, int] = {}
        self.canonical: dict[int, list[int]] = {}
        self.small: dict[int, int] = {}
        self.age: dict[int, tuple[int, ...]] = {}
        for row in rows(read_pinned(ucd / "DerivedAge.txt")):
            self.age.update(dict.fromkeys(code_range(row[0]), tuple(int(part) for part in row[1].split("."))))
        self._unicode_data(read_pinned(ucd / "UnicodeData.txt"))
        self.category.update(CATEGORY_THEN)
        for first, last, distance in SMALL_SINCE:
            self.small.update({cp: cp + distance for cp in range(first, last + 1)})
        self.space = {
            cp
            for row in rows(read_pinned(ucd / "PropList.txt"))
            if row[1] == "White_Space"
            for cp in code_range(row[0])
        }

    def _unicode_data(self, text: str) -> None:
        first = 0
        for line in text.splitlines():
            field = line.split(";")
            cp = int(field[0], 16)
            if field[1].endswith(", First>"):
                first = cp
                continue
            for each in range(first, cp + 1) if field[1].endswith(", Last>") else (cp,):
                if self.age[each] <= CATEGORIES_OF:
                    self.category[each] = field[2]
            if self.age[cp] <= NORMALISATION_OF:
                if field[3] != "0":
                    self.ccc[cp] = int(field[3])
                if field[5] and not field[5].startswith("<"):
                    self.canonical[cp] = code_points(field[5])
            if field[13]:
                self.small[cp] = int(field[13], 16)

    def kind(self, cp: int) -> int:
        """Return the class of a code point as it stands in the text."""
        category = self.category.get(cp, "Cn")
        if cp in (0, 0xFFFD):
            return REMOVED
        if chr(cp) in "\t\n\r":
            return SPACE
        if category in ("Cc", "Cf", "Co"):
            return REMOVED
        if cp in self.space:
            return SPACE
        if any(first <= cp <= last for first, last in HAN):
            return SINGLE
        if category[0] == "P" or (cp < 0x80 and not chr(cp).isalnum()):
            return PUNCTUATION
        return MARK if category == "Mn" else WORD

    def shown(self, cp: int) -> list[int]:
        """Return a code point decomposed, without accents, in small letters."""
        kept = [one for one in self.decompose(cp) if self.category.get(one, "Cn") != "Mn"]
        return [self.small.get(one, one) for one in kept]

    def decompose(self, cp: int) -> list[int]:
        """Return the full canonical decomposition of one code point, unordered."""
        if cp not in self.canonical:
            return [cp]
        return [part for one in self.canonical[cp] for part in self.decompose(one)]


class Tables:
    """Everything that wordpiece_tables.cpp holds."""

    def __init__(self, data: Data) -> None:
        self.pool: list[int] = []
        self.index, self.blocks = two_stage([self._entry(data, cp) for cp in range(LIMIT)], 0x800)

    def _entry(self, data: Data, cp: int) -> int:
        if 0xD800 <= cp < 0xE000:
            return REMOVED << 21
        kind, ccc = data.kind(cp), data.ccc.get(cp, 0)
        if kind in (REMOVED, SPACE) or 0xAC00 <= cp < 0xD7A4:
            return kind << 21
        shown = data.shown(cp)
        if kind == MARK or shown == [cp]:
            return kind << 21 | ccc << 24
        if not shown:  # decomposes to marks alone
            return MARK << 21
        if len(shown) == 1:
            if data.kind(shown[0]) != kind and kind != WORD:
                raise InputError(f"U+{cp:04X} changes its class when it is decomposed")
            return shown[0] | kind << 21 | ccc << 24
        if kind != WORD:
            raise InputError(f"U+{cp:04X}: only parts of words become several")
        self.pool.append(len(shown))
        self.pool += shown
        return POOLED | (len(self.pool) - len(shown) - 1)


def render(tables: Tables) -> str:
    """Return the text of wordpiece_tables.cpp."""
    parts = [
        "// Generated by cpp/unicode/generate_wordpiece.py from Unicode 15.0.0 data; do not edit.",
        "// Derived from data files (c) 1991-2022 Unicode, Inc., under the Unicode licence (cpp/unicode/README.md).",
        "// clang-format off",
        '#include "wordpiece_tables.h"\n\nnamespace fastguard::unicode {\n',
        array("std::uint16_t", "kPieceIndex", tables.index),
        array("std::uint32_t", "kPieceBlocks", tables.blocks),
        array("std::uint32_t", "kPiecePool", tables.pool),
        "}  // namespace fastguard::unicode\n",
    ]
    return "\n".join(parts)


def main(arguments: list[str] | None = None) -> int:
    """Run the command line."""
    parser = argparse.ArgumentParser(description="Make the Unicode tables of the WordPiece tokenizer.")
    parser.add_argument("--ucd", type=Path, required=True, help="folder with UnicodeData.txt and its siblings")
    parser.add_argument("--check", action="store_true", help="write nothing; fail when the committed tables differ")
    options = parser.parse_args(arguments)

    def make() -> tuple[str, str]:
        tables = Tables(Data(options.ucd))
        size = 2 * len(tables.index) + 4 * len(tables.blocks) + 4 * len(tables.pool)
        return render(tables), f"KB: {size / 1024:.1f}"

    return write(OUTPUT, "generate_wordpiece.py", make, check=options.check)


if __name__ == "__main__":
    sys.exit(main())
