// Characters of a text that may be cut or damaged, one at a time.
#pragma once

#include "../utf8_decode.h"

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <string_view>

namespace fastguard::views {

// Whether the character that begins with these two bytes is a Chinese one (U+4E00 to U+9FFF): a word of its own, and no
// letter that could stand apart.
[[nodiscard]] inline bool is_ideograph(char first, char second) noexcept {
    const auto lead = static_cast<unsigned char>(first);
    return (lead >= 0xE5 && lead <= 0xE9) || (lead == 0xE4 && static_cast<unsigned char>(second) >= 0xB8);
}

struct Character {
    char32_t code_point;  // utf8::kInvalid for a byte that is no part of one
    std::size_t begin;
    std::size_t end;
};

// The character that begins at `at` < text.size().
[[nodiscard]] inline Character character_at(std::string_view text, std::size_t at) noexcept {
    if (const auto byte = static_cast<unsigned char>(text[at]); byte < 0x80) {
        return {byte, at, at + 1};
    }
    unsigned char bytes[4] = {};
    std::memcpy(bytes, text.data() + at, std::min<std::size_t>(4, text.size() - at));
    const utf8::Step step = utf8::decode(bytes);
    return {step.cp, at, at + step.length};
}

// The character that ends at `end` > 0.
[[nodiscard]] inline Character character_before(std::string_view text, std::size_t end) noexcept {
    for (std::size_t size = 1; size <= 4 && size <= end; ++size) {
        const Character found = character_at(text, end - size);
        if (found.code_point != utf8::kInvalid && found.end == end) {
            return found;
        }
    }
    return {utf8::kInvalid, end - 1, end};
}

}  // namespace fastguard::views
