// Escapes of style sheets: a backslash and one to six hexadecimal digits, with a blank behind them or none.
#include "codes.h"

#include <algorithm>

namespace fastguard::decoding {
namespace {

constexpr std::size_t kLeastEscapes = 4;
constexpr std::size_t kMostDigits = 6;

struct Escape {
    std::size_t size = 0;  // 0: none
    char32_t code_point = 0;
};

Escape escape_at(std::string_view text, std::size_t at) noexcept {
    std::size_t end = at + 1;
    char32_t value = 0;
    while (end < text.size() && end - at <= kMostDigits && is(text[end], kHex)) {
        value = value << 4U | hex_value(text[end++]);
    }
    if (end < at + 3 || value < 0x20 || value > 0x10FFFF) {  // "\1" is a reference back in a pattern
        return {};
    }
    const bool blank = end < text.size() && end - at <= kMostDigits && is(text[end], kBlank);
    return {end + (blank ? 1U : 0U) - at, value};
}

}  // namespace

void decode_css(const Job& job) {
    const std::string_view text = job.text();
    constexpr std::size_t kNowhere = std::string_view::npos;
    std::size_t all = 0;
    std::size_t escapes = 0;
    std::size_t first = kNowhere;
    std::size_t last = 0;
    for (std::size_t at = find_byte(text, '\\', 0); at != kNowhere; at = find_byte(text, '\\', at + 1)) {
        ++all;
        const Escape escape = escape_at(text, at);
        if (escape.size != 0) {
            ++escapes;
            first = std::min(first, at);
            last = at + escape.size;
        }
    }
    if (escapes < kLeastEscapes || escapes * 4 < all * 3 || !job.children.open(ViewKind::escapes)) {
        return;
    }
    const std::size_t end = context_end(text, last);
    for (std::size_t at = context_begin(text, first); at < end;) {
        const Escape escape = text[at] == '\\' ? escape_at(text, at) : Escape{};
        if (escape.size != 0) {
            (void)job.children.put_code_point(escape.code_point, at, at + escape.size);
            at += escape.size;
        } else {
            copy(job, at, at + 1);
            ++at;
        }
    }
    job.children.close(text);
}

}  // namespace fastguard::decoding
