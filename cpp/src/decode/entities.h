// The named characters of HTML (generated table).
#pragma once

#include <cstddef>
#include <string_view>

namespace fastguard::decoding {

struct Entity {
    std::string_view name;  // without & and ;
    char32_t first;
    char32_t second;  // 0: one code point
    bool open;        // counts without a semicolon, too
};

inline constexpr std::size_t kLongestEntity = 31;
inline constexpr std::size_t kLongestOpenEntity = 6;

// The entity of this name, null where there is none. O(log entities).
[[nodiscard]] const Entity* find_entity(std::string_view name) noexcept;

}  // namespace fastguard::decoding
