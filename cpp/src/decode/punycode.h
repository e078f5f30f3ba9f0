// Punycode (RFC 3492): one label of a host name.
#pragma once

#include <array>
#include <cstddef>
#include <string_view>

namespace fastguard::decoding {

// A label as code points.
struct Label {
    static constexpr std::size_t kMostCharacters = 64;
    std::array<char32_t, kMostCharacters> characters{};
    std::size_t count = 0;
};

// Decodes what stands behind "xn--" in a label. False where it is no Punycode. O(characters squared), at most 64.
[[nodiscard]] bool decode_label(std::string_view text, Label& label) noexcept;

}  // namespace fastguard::decoding
