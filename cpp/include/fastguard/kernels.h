// The loops that run over every byte or every feature, once per instruction set.
//
// Each kernel is a set of pure functions with one signature; `scalar` is the readable one and the oracle of the others.
// The best kernel that the CPU has is chosen once, at first use. FASTGUARD_KERNEL=scalar|avx2|avx512|neon forces one.
// AVX-512 is never chosen by itself: where it was measured it made the code around it slower (the clock drops).
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace fastguard {

// One bit per byte of a text: bit i of word i / 64. Bits past the end of the text are 0.
struct ByteMasks {
    std::uint64_t* word;   // ASCII letters and digits, and every byte >= 0x80
    std::uint64_t* high;   // bytes >= 0x80
    std::uint64_t* digit;  // 0-9
    std::uint64_t* at;     // @
    std::uint64_t* colon;  // :
    std::uint64_t* leet;   // @ $ ! | +
};

// How many bytes of each class a text has.
struct ByteCounts {
    std::uint64_t upper = 0;    // A-Z
    std::uint64_t digit = 0;    // 0-9
    std::uint64_t word = 0;     // as ByteMasks::word
    std::uint64_t high = 0;     // >= 0x80
    std::uint64_t space = 0;    // space and \t \n \v \f \r
    std::uint64_t newline = 0;  // \n
    std::uint64_t control = 0;  // other C0 controls and DEL
    std::uint64_t markup = 0;   // < > { } [ ] | ` # * = / and backslash

    bool operator==(const ByteCounts&) const = default;
};

inline constexpr std::size_t kBlockBytes = 64;

// Rows of the gate's table have this many weights, one per label.
inline constexpr std::size_t kGateLabels = 8;

struct Kernel {
    std::string_view name;

    // Lower-cases ASCII letters, turns ASCII white space into spaces, marks and counts the classes.
    // `folded` has room for `size` rounded up to 64 bytes and may be `source` itself if that has the room too;
    // never reads `source` past `size`. Adds to `counts`. Writes ceil(size / 64) words of each mask. O(size).
    void (*classify)(const char* source, std::size_t size, char* folded, const ByteMasks& masks,
                     ByteCounts& counts) noexcept;

    // sums[l] += table[rows[i] & mask][l] over all i; `table` is row-major with kGateLabels weights a row. O(count).
    void (*accumulate)(const std::uint16_t* rows, std::size_t count, std::uint16_t mask, const std::int16_t* table,
                       std::int32_t* sums) noexcept;
};

// Kernels that this build has and this CPU can run, best first.
[[nodiscard]] std::span<const Kernel* const> available_kernels() noexcept;

// The kernel in use. Lock-free; the first call reads FASTGUARD_KERNEL (an unknown or unusable name is ignored).
[[nodiscard]] const Kernel& active_kernel() noexcept;

// Makes `name` the kernel of the whole process; false where it is unknown or this CPU lacks it. For tests.
bool set_active_kernel(std::string_view name) noexcept;

}  // namespace fastguard
