// Words in hosts and paths that ask for trust: what is put beside a brand's name to make a host look like a part of it.
#pragma once

#include <string_view>

namespace fastguard::links {

// Whether a token (lower case) is one.
[[nodiscard]] bool is_lure(std::string_view token) noexcept;

}  // namespace fastguard::links
