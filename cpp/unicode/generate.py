"""Make `cpp/src/unicode_tables.cpp` from pinned Unicode 15.0 data.

    python cpp/unicode/generate.py --ucd DIR --confusables FILE            # writes the tables
    python cpp/unicode/generate.py --ucd DIR --confusables FILE --check    # proves that the committed tables are fresh

Where the input comes from: README.md beside this file. Every input is verified by SHA-256 before it is read.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from pinned import (
    LIMIT,
    VERSION,
    InputError,
    array,
    code_points,
    code_range,
    read_pinned,
    rows,
    two_stage,
    write,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

HERE = Path(__file__).resolve().parent
OUTPUT = HERE.parent / "src" / "unicode_tables.cpp"
POOL_PADDING = 64  # readers copy in wide steps
MAX_RATIO = 4  # longest skeleton, as a multiple of the length of its code point

# Must agree with unicode_tables.h.
SCRIPTS = ["Latin", "Cyrillic", "Greek", "Arabic", "Hebrew", "Devanagari", "Bengali", "Thai", "Han", "Hiragana",
           "Katakana", "Hangul"]  # fmt: skip
SCRIPT_OTHER, SCRIPT_NONE = 12, 13
WITHOUT_SPACES = {"Han", "Hiragana", "Katakana", "Thai", "Lao", "Khmer", "Myanmar"}
SINGLE_COMMON = {0x30FC, 0xFF70, 0x3099, 0x309A}
HEXAGRAMS = range(0x4DC0, 0x4E00)
SEPARATOR, WORD, SINGLE = 0, 1, 2
IGNORABLE, MARK, TAG, VARIATION, BIDI, ZERO_WIDTH = 1, 2, 3, 4, 5, 6

SPACE_LIKE = {0x2800, 0x3164, 0x115F, 0x1160, 0xFFA0}
ALSO_REMOVED = {0x0640, 0xFFF9, 0xFFFA, 0xFFFB}
BIDI_CONTROLS = {0x061C, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A)}
ZERO_WIDTHS = {0x180E, 0x200B, 0x200C, 0x200D, *range(0x2060, 0x2065), 0xFEFF}
VARIATIONS = {0x180B, 0x180C, 0x180D, 0x180F, *range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0)}
TAGS = set(range(0xE0000, 0xE0080))

# Plain ASCII of the skeleton view; ! @ $ + depend on their neighbours and are done in normalizer.cpp.
LEET = {"0": "o", "1": "l", "2": "z", "3": "e", "4": "a", "5": "s", "6": "g", "7": "t", "8": "b", "9": "g",
        "i": "l", "|": "l", "m": "rn"}  # fmt: skip


class Data:
    """The properties of Unicode that folding needs."""

    def __init__(self, ucd: Path, confusables: Path, lookalikes: Path) -> None:
        self.category: dict[int, str] = {}
        self.ccc: dict[int, int] = {}
        self.canonical: dict[int, list[int]] = {}
        self.decomposition: dict[int, list[int]] = {}
        self._unicode_data(read_pinned(ucd / "UnicodeData.txt"))
        self.casefold: dict[int, list[int]] = {}
        for row in rows(read_pinned(ucd / "CaseFolding.txt")):
            if row[1] in ("C", "F"):
                self.casefold[int(row[0], 16)] = code_points(row[2])
        self.space = self._property(ucd / "PropList.txt", "White_Space") | SPACE_LIKE
        self.ignorable = self._property(ucd / "DerivedCoreProperties.txt", "Default_Ignorable_Code_Point")
        self.removed = (self.ignorable | ALSO_REMOVED) - self.space
        excluded = self._property(ucd / "DerivedNormalizationProps.txt", "Full_Composition_Exclusion")
        self.script: dict[int, str] = {}
        for row in rows(read_pinned(ucd / "Scripts.txt")):
            self.script.update(dict.fromkeys(code_range(row[0]), row[1]))
        self.compositions = {
            (pair[0], pair[1]): cp for cp, pair in self.canonical.items() if len(pair) == 2 and cp not in excluded
        }
        if confusables.name != "confusables.txt":
            raise InputError(f"{confusables}: expected the file confusables.txt of UTS #39")
        self.prototype = {int(row[0], 16): code_points(row[1]) for row in rows(read_pinned(confusables))}
        self.prototype = {cp: to for cp, to in self.prototype.items() if cp > 0x7F}
        for row in rows(lookalikes.read_text(encoding="utf-8")):
            for step, cp in enumerate(code_range(row[0])):
                self.prototype[cp] = [ord(row[1][0]) + step] if row[1].endswith("..") else [ord(c) for c in row[1]]

    def _unicode_data(self, text: str) -> None:
        first = 0
        for line in text.splitlines():
            field = line.split(";")
            cp = int(field[0], 16)
            if field[1].endswith(", First>"):
                first = cp
                continue
            for each in range(first, cp + 1) if field[1].endswith(", Last>") else (cp,):
                self.category[each] = field[2]
            if field[3] != "0":
                self.ccc[cp] = int(field[3])
            if field[5]:
                self.decomposition[cp] = code_points(field[5].split(">")[-1])
                if not field[5].startswith("<"):
                    self.canonical[cp] = self.decomposition[cp]

    @staticmethod
    def _property(path: Path, name: str) -> set[int]:
        return {cp for row in rows(read_pinned(path)) if row[1] == name for cp in code_range(row[0])}

    def is_dropped_mark(self, cp: int) -> bool:
        """Return whether folding drops this combining mark."""
        category, ccc = self.category.get(cp, "Cn"), self.ccc.get(cp, 0)
        return category == "Me" or (category == "Mn" and (ccc == 1 or 10 <= ccc <= 36 or ccc >= 200))

    def decompose(self, cp: int) -> list[int]:
        """Return the full compatibility decomposition of one code point, unordered."""
        if 0xAC00 <= cp < 0xD7A4:
            index = cp - 0xAC00
            parts = [0x1100 + index // 588, 0x1161 + index % 588 // 28]
            return parts + ([0x11A7 + index % 28] if index % 28 else [])
        if cp not in self.decomposition:
            return [cp]
        return [part for one in self.decomposition[cp] for part in self.decompose(one)]

    def order(self, text: list[int]) -> list[int]:
        """Return the text in canonical order."""
        result: list[int] = []
        run: list[int] = []
        for cp in [*text, 0]:
            if self.ccc.get(cp, 0):
                run.append(cp)
            else:
                result += [*sorted(run, key=lambda mark: self.ccc[mark]), cp]
                run = []
        return result[:-1]

    def pair(self, first: int, second: int) -> int | None:
        """Return the canonical composition of two code points."""
        if 0x1100 <= first < 0x1113 and 0x1161 <= second < 0x1176:
            return 0xAC00 + (first - 0x1100) * 588 + (second - 0x1161) * 28
        if 0xAC00 <= first < 0xD7A4 and (first - 0xAC00) % 28 == 0 and 0x11A8 <= second < 0x11C3:
            return first + second - 0x11A7
        return self.compositions.get((first, second))

    def compose(self, text: list[int]) -> list[int]:
        """Return the text in NFC; it must be decomposed and in canonical order."""
        result: list[int] = []
        starter, last = -1, -1
        for cp in text:
            ccc = self.ccc.get(cp, 0)
            joined = self.pair(result[starter], cp) if starter >= 0 and last < ccc else None
            if joined is not None:
                result[starter] = joined
                continue
            if ccc == 0:
                starter, last = len(result), -1
            else:
                last = ccc
            result.append(cp)
        return result

    def fold(self, cp: int) -> list[int]:
        """Return the folded form of one code point."""
        text, before = [cp], None
        while text != before:
            before = text
            text = [part for one in text for part in ([0x20] if one in self.space else self.decompose(one))]
            text = [0x20 if one in self.space else one for one in text]
            text = [one for one in text if one not in self.removed and not self.is_dropped_mark(one)]
            text = [part for one in text for part in self.casefold.get(one, [one])]
            text = self.compose(self.order([part for one in text for part in self.decompose(one)]))
        return text

    def skeleton(self, cp: int) -> list[int]:
        """Return the skeleton of one folded code point."""
        text = [cp]
        for _ in range(8):
            mapped = [part for one in text for part in self.prototype.get(one, [one])]
            mapped = [part for one in mapped for part in self.fold(one)]
            if mapped == text:
                break
            text = mapped
        else:
            raise InputError(f"U+{cp:04X}: the confusables have no fixed point")
        if cp > 0x7F and not self._keeps_tokens(cp, text):
            return [cp]
        return [ord(c) for one in text for c in LEET.get(chr(one), chr(one))]

    def _keeps_tokens(self, cp: int, text: list[int]) -> bool:
        """Return whether showing a code point as this text leaves the borders of tokens where a reader sees them."""
        words = [self.token_class(one) != SEPARATOR for one in text]
        if self.token_class(cp) != SEPARATOR:
            return all(words)
        return not any(words) or (all(words) and max(text) < 0x80)

    def script_number(self, cp: int) -> int:
        """Return the value of enum Script for a code point."""
        script = self.script.get(cp, "Zzzz")
        if self.category.get(cp, "Cn")[0] not in "LMN" or script in ("Common", "Inherited", "Zzzz"):
            return SCRIPT_NONE
        return SCRIPTS.index(script) if script in SCRIPTS else SCRIPT_OTHER

    def token_class(self, cp: int) -> int:
        """Return the value of enum TokenClass for a code point."""
        if cp < 0x80:
            return WORD if chr(cp).isalnum() else SEPARATOR
        if self.category.get(cp, "Cn")[0] not in "LMN":
            return SEPARATOR
        return SINGLE if self.script.get(cp) in WITHOUT_SPACES or cp in SINGLE_COMMON else WORD


def encode(text: Iterable[int]) -> bytes:
    """Return the UTF-8 form of code points."""
    return "".join(map(chr, text)).encode("utf-8")


class Pool:
    """Strings too long to lie in a table entry; equal ones are kept once."""

    def __init__(self) -> None:
        self.data = bytearray()

    def add(self, text: bytes) -> int:
        """Return the offset of the text."""
        at = self.data.find(text)
        if at < 0:
            at = len(self.data)
            self.data += text
        return at


class Tables:
    """Everything that unicode_tables.cpp holds."""

    def __init__(self, data: Data) -> None:
        self.pool = Pool()
        folded = {cp: data.fold(cp) for cp in range(LIMIT) if not 0xD800 <= cp < 0xE000}
        stable = {cp for cp, text in folded.items() if text == [cp]}
        self.pairs = sorted(
            (first, second, cp)
            for (first, second), cp in data.compositions.items()
            if first in stable and second in stable
        )
        joiners = {second for _, second, _ in self.pairs} | set(range(0x1161, 0x1176)) | set(range(0x11A8, 0x11C3))
        skeletons = {cp: encode(data.skeleton(cp)) for cp in stable}
        self.fold_ratio = max(len(encode(folded[cp])) / len(encode([cp])) for cp in folded)
        fold = [self._fold_entry(data, cp, folded, skeletons, joiners) for cp in range(LIMIT)]
        skeleton = [self._skeleton_entry(cp, skeletons.get(cp)) for cp in range(LIMIT)]
        # The normaliser copies E4 xx xx .. E9 xx xx without a look-up.
        if any(entry != fold[0x4E00] for cp, entry in enumerate(fold[0x4000:0xA000], 0x4000) if cp not in HEXAGRAMS):
            raise InputError("U+4000..U+9FFF are not all plain Han")
        self.fold = two_stage(fold, 0x800)
        self.skeleton = two_stage(skeleton, 0x800)
        self.classes = two_stage([data.token_class(cp) | data.script_number(cp) << 2 for cp in range(LIMIT)], 0x800)

    def _fold_entry(
        self, data: Data, cp: int, folded: dict[int, list[int]], skeletons: dict[int, bytes], joiners: set[int]
    ) -> int:
        if cp not in folded:
            return 0
        text = folded[cp]
        out = encode(text)
        interacts = bool(text) and (bool(data.ccc.get(text[0], 0)) or text[0] in joiners)
        # A mark that is not the first but ends the text must be seen too: the next mark may have to go before it.
        interacts = interacts or any(data.ccc.get(one, 0) for one in text)
        identity = text == [cp]
        pooled = len(out) > 4
        removal = 0
        if not text:
            kinds = ((TAGS, TAG), (VARIATIONS, VARIATION), (BIDI_CONTROLS, BIDI), (ZERO_WIDTHS, ZERO_WIDTH))
            removal = next((kind for group, kind in kinds if cp in group), IGNORABLE)
            removal = removal if cp in data.removed else MARK
        shown = b"".join(skeletons.get(one, encode([one])) for one in text)
        confusable = cp > 0x7F and bool(text) and not out.isascii() and shown.isascii() and shown.isalnum()
        ccc = data.ccc.get(cp, 0) if identity else 0
        if identity and cp > 0x7FF:
            inline = ccc
        elif ccc:
            raise InputError(f"U+{cp:04X}: a mark below U+0800 that stays has no place for its class")
        else:
            inline = int.from_bytes(out, "little")
        script = data.script_number(cp)
        return (
            (self.pool.add(bytes([len(out)]) + out) if pooled else inline)
            | confusable << 32
            | (1 << 34 + script if script != SCRIPT_NONE else 0)
            | (not identity and cp > 0x7F and text != [0x20]) << 47
            | (identity and cp > 0x7FF) << 48
            | bool(pooled or interacts or removal) << 49
            | removal << 50
            | pooled << 53
            | interacts << 54
            | confusable << 56
            | (cp < 0x80 and chr(cp).isalpha()) << 57
            | (0 if pooled else len(out)) << 60
        )

    def _skeleton_entry(self, cp: int, out: bytes | None) -> int:
        if out is None:  # never in folded text
            out = b"" if 0xD800 <= cp < 0xE000 else encode([cp])
        own = b"" if 0xD800 <= cp < 0xE000 else encode([cp])
        if len(out) > MAX_RATIO * len(own):
            out = own
        if out == own and cp > 0x7F:
            return len(out) << 24 | 1 << 31
        if len(out) > 3:
            return self.pool.add(out) | len(out) << 24 | 1 << 30
        return int.from_bytes(out, "little") | len(out) << 24


def render(tables: Tables) -> str:
    """Return the text of unicode_tables.cpp."""
    pairs = [first << 42 | second << 21 | cp for first, second, cp in tables.pairs]
    parts = [
        f"// Generated by cpp/unicode/generate.py from Unicode {VERSION} data; do not edit.",
        "// Derived from data files (c) 1991-2022 Unicode, Inc., under the Unicode licence (cpp/unicode/README.md).",
        "// clang-format off",
        '#include "unicode_tables.h"\n\nnamespace fastguard::unicode {\n',
        f"extern const std::size_t kPairCount = {len(pairs)};",
        array("std::uint16_t", "kFoldIndex", tables.fold[0]),
        array("std::uint64_t", "kFoldBlocks", tables.fold[1]),
        array("std::uint16_t", "kSkeletonIndex", tables.skeleton[0]),
        array("std::uint32_t", "kSkeletonBlocks", tables.skeleton[1]),
        array("std::uint16_t", "kClassIndex", tables.classes[0]),
        array("std::uint8_t", "kClassBlocks", tables.classes[1]),
        array("std::uint64_t", "kPairs", pairs, "u"),
        array("std::uint8_t", "kPool", [*tables.pool.data, *[0] * POOL_PADDING]),
        "}  // namespace fastguard::unicode\n",
    ]
    return "\n".join(parts)


def report(tables: Tables) -> str:
    """Return one line on the sizes of the tables."""
    sizes = {
        "fold": 2 * len(tables.fold[0]) + 8 * len(tables.fold[1]),
        "skeleton": 2 * len(tables.skeleton[0]) + 4 * len(tables.skeleton[1]),
        "classes": 2 * len(tables.classes[0]) + len(tables.classes[1]),
        "pairs": 8 * len(tables.pairs),
        "pool": len(tables.pool.data),
    }
    shown = ", ".join(f"{name} {size / 1024:.1f}" for name, size in sizes.items())
    return f"KB: {shown}, total {sum(sizes.values()) / 1024:.1f}; longest expansion {tables.fold_ratio:.0f} times"


def main(arguments: list[str] | None = None) -> int:
    """Run the command line."""
    parser = argparse.ArgumentParser(description="Make the Unicode tables of the normaliser.")
    parser.add_argument("--ucd", type=Path, required=True, help="folder with UnicodeData.txt and its siblings")
    parser.add_argument("--confusables", type=Path, required=True, help="confusables.txt of UTS #39")
    parser.add_argument("--check", action="store_true", help="write nothing; fail when the committed tables differ")
    options = parser.parse_args(arguments)

    def make() -> tuple[str, str]:
        tables = Tables(Data(options.ucd, options.confusables, HERE / "lookalikes.txt"))
        return render(tables), report(tables)

    return write(OUTPUT, "generate.py", make, check=options.check)


if __name__ == "__main__":
    sys.exit(main())
