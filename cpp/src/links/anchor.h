// The text that a link is shown under, in Markdown and HTML.
#pragma once

#include "finder.h"

#include <string_view>

namespace fastguard::links {

// The text that `link` of `text` is shown under: "[this](link)", "<a href=link>this</a>", without tags; empty where it
// is shown as itself. Part of `text`; at most 300 bytes around the link are read.
[[nodiscard]] std::string_view shown_text(std::string_view text, const Link& link) noexcept;

}  // namespace fastguard::links
