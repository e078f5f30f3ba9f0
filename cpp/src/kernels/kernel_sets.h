// The kernels of this build, one per file; null where the build's architecture has none.
#pragma once

#include "fastguard/kernels.h"

#include <array>

namespace fastguard::kernels {

extern const Kernel scalar;

#if defined(__x86_64__)
extern const Kernel avx2;
extern const Kernel avx512;
#elif defined(__aarch64__)
extern const Kernel neon;
#endif

// The classes that the scalar kernel looks up; the SIMD kernels compute the same.
[[nodiscard]] constexpr bool is_markup(unsigned char c) noexcept {
    switch (c) {
        case '<':
        case '>':
        case '{':
        case '}':
        case '[':
        case ']':
        case '|':
        case '`':
        case '#':
        case '*':
        case '=':
        case '/':
        case '\\':
            return true;
        default:
            return false;
    }
}
[[nodiscard]] constexpr bool is_leet_symbol(unsigned char c) noexcept {
    return c == '@' || c == '$' || c == '!' || c == '|' || c == '+';
}

// The mark bits of each byte.
inline constexpr std::array<std::uint16_t, 256> kMarksOf = [] {
    std::array<std::uint16_t, 256> marks{};
    for (std::size_t i = 0; i < kMarkBytes.size(); ++i) {
        marks[static_cast<unsigned char>(kMarkBytes[i])] = static_cast<std::uint16_t>(1U << i);
    }
    return marks;
}();

// The same by nibbles: a byte c has the marks low[c & 15] & high[c >> 4], eight of them in one table.
struct alignas(64) MarkTable {
    std::array<std::uint8_t, 16> low{};
    std::array<std::uint8_t, 16> high{};

    constexpr explicit MarkTable(std::size_t first) noexcept {
        for (std::size_t i = first; i < first + 8 && i < kMarkBytes.size(); ++i) {
            const auto byte = static_cast<unsigned char>(kMarkBytes[i]);
            low[byte & 15U] |= static_cast<std::uint8_t>(1U << (i - first));
            high[byte >> 4U] |= static_cast<std::uint8_t>(1U << (i - first));
        }
    }
};
inline constexpr MarkTable kFirstMarks{0};
inline constexpr MarkTable kLastMarks{8};
static_assert(kMarkBytes.size() <= 16);

}  // namespace fastguard::kernels
