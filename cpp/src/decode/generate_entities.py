"""Writes entities_table.cpp from the list of named characters that Python's `html.entities` has (that of HTML 5)."""

from __future__ import annotations

import html.entities
import sys
from pathlib import Path

HEAD = """// Made by generate_entities.py from Python's html.entities.html5; do not edit.
#include "entities.h"

#include <algorithm>
#include <array>

namespace fastguard::decoding {
namespace {

// clang-format off
"""
TAIL = """}};
// clang-format on

}  // namespace

const Entity* find_entity(std::string_view name) noexcept {
    const auto* const found = std::lower_bound(kEntities.begin(), kEntities.end(), name,
                                               [](const Entity& entity, std::string_view key) { return entity.name < key; });
    return found != kEntities.end() && found->name == name ? found : nullptr;
}

}  // namespace fastguard::decoding
"""


def table() -> str:
    """The text of the file."""
    names = html.entities.html5
    closed = sorted(name[:-1] for name in names if name.endswith(";"))
    lines = [HEAD, f"constexpr std::array<Entity, {len(closed)}> kEntities = {{{{\n"]
    for name in closed:
        first, *more = map(ord, names[name + ";"])
        second = more[0] if more else 0
        lines.append(f'    {{"{name}", 0x{first:X}, 0x{second:X}, {"true" if name in names else "false"}}},\n')
    return "".join([*lines, TAIL])


if __name__ == "__main__":
    path = Path(__file__).with_name("entities_table.cpp")
    if sys.argv[1:] == ["--check"]:
        sys.exit(path.read_text() != table())
    path.write_text(table())
