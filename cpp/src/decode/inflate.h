// Inflates deflate streams (RFC 1951), bounded, without memory of its own but for a window of what it wrote.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace fastguard::decoding {

// What inflating came to.
struct Inflated {
    std::size_t size = 0;  // bytes written
    bool done = false;     // the stream ended where it says so; else it is damaged, cut, or larger than `out`
};

// Inflates `in` into `out`, from the first bit of the stream on, as far as both reach. What a damaged stream gave
// before the damage is written. Linear in the sizes of both. Never throws.
[[nodiscard]] Inflated inflate(std::span<const unsigned char> in, std::span<unsigned char> out) noexcept;

// Where the deflate stream of gzip (RFC 1952) or zlib (RFC 1950) data begins; 0 where it is neither.
[[nodiscard]] std::size_t deflate_begin(std::span<const unsigned char> data) noexcept;

}  // namespace fastguard::decoding
