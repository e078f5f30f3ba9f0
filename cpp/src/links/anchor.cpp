#include "anchor.h"

#include "../validators_ascii.h"

#include <algorithm>

namespace fastguard::links {
namespace {

using namespace ascii;

constexpr std::size_t kMostText = 300;

std::string_view trimmed(std::string_view text) noexcept {
    while (!text.empty() && (is_space(text.front()) || text.front() == '*' || text.front() == '`'))
        text.remove_prefix(1);
    while (!text.empty() && (is_space(text.back()) || text.back() == '*' || text.back() == '`')) text.remove_suffix(1);
    return text;
}

// "[text](" or "[text](<" before the link.
std::string_view markdown_text(std::string_view before) noexcept {
    if (before.ends_with('<')) before.remove_suffix(1);
    while (before.ends_with(' ')) before.remove_suffix(1);
    if (!before.ends_with("](")) return {};
    before.remove_suffix(2);
    std::size_t depth = 1;
    for (std::size_t i = before.size(); i-- > 0;) {
        depth += before[i] == ']' ? 1U : 0U;
        if (before[i] == '[' && --depth == 0) return before.substr(i + 1);
    }
    return {};
}

// What stands behind the tag whose `href` the link is, up to the next tag that is not at its begin.
std::string_view html_text(std::string_view before, std::string_view after) noexcept {
    if (before.ends_with('"') || before.ends_with('\'')) before.remove_suffix(1);
    while (before.ends_with(' ')) before.remove_suffix(1);
    if (!before.ends_with('=')) return {};
    before.remove_suffix(1);
    while (before.ends_with(' ')) before.remove_suffix(1);
    if (!before.ends_with("href")) return {};
    const std::size_t close = after.find('>');
    if (close == std::string_view::npos) return {};
    std::string_view shown = trimmed(after.substr(close + 1));
    for (int tags = 0; tags < 3 && shown.starts_with('<') && !shown.starts_with("</a"); ++tags) {
        const std::size_t end = shown.find('>');
        if (end == std::string_view::npos) return {};
        shown = trimmed(shown.substr(end + 1));
    }
    return shown.substr(0, std::min(shown.find('<'), shown.size()));
}

}  // namespace

std::string_view shown_text(std::string_view text, const Link& link) noexcept {
    const std::size_t from = link.begin > kMostText ? link.begin - kMostText : 0;
    const std::string_view before = text.substr(from, link.begin - from);
    const std::string_view shown = markdown_text(before);
    return trimmed(shown.empty() ? html_text(before, text.substr(link.end, kMostText)) : shown);
}

}  // namespace fastguard::links
