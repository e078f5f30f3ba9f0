// The kernels of this build, one per file; null where the build's architecture has none.
#pragma once

#include "fastguard/kernels.h"

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

}  // namespace fastguard::kernels
