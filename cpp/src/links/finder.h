// Where links are in a text: with a scheme (also defanged: hxxp, [.], [:]), or a bare host under a public suffix.
//
// Works on the folded view, whose ASCII is lower case. What reveals a link is a bit of a mask: a ':', or one byte
// or three between two words, the first of which is a '.' or opens "[.]" or "[dot]". A text without them costs a read
// of its masks.
#pragma once

#include "fastguard/kernels.h"
#include "fastguard/links.h"

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace fastguard::links {

// Longest link that is read as one; the rest of a longer one is not looked at.
inline constexpr std::size_t kMostLink = 2048;

// Links in `text`, in order, without overlap; at most out.size(), `truncated` is set where there are more. Linear.
// Pure, no allocation. Bare hosts are links where a public suffix that is no everyday word or file name ends them, or
// where "www." begins or a path follows them.
std::size_t find_links(std::string_view text, const ByteMasks& masks, std::span<Link> out, bool& truncated) noexcept;

// The first link of a short text without masks; `end` is 0 where there is none. O(text).
[[nodiscard]] Link first_link(std::string_view text) noexcept;

}  // namespace fastguard::links
