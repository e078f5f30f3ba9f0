// Punycode (RFC 3492): words and labels behind "xn--".
#include "punycode.h"

#include "codes.h"

#include <algorithm>

namespace fastguard::decoding {
namespace {

std::uint32_t adapt(std::uint32_t delta, std::uint32_t points, bool first) noexcept {
    delta = first ? delta / 700 : delta / 2;
    delta += delta / points;
    std::uint32_t k = 0;
    while (delta > 455) {
        delta /= 35;
        k += 36;
    }
    return k + 36 * delta / (delta + 38);
}

}  // namespace

bool decode_label(std::string_view text, Label& label) noexcept {
    const std::size_t dash = text.rfind('-');
    const std::size_t basic = dash == std::string_view::npos ? 0 : dash;
    if (basic > Label::kMostCharacters) {
        return false;
    }
    for (label.count = 0; label.count < basic; ++label.count) {
        label.characters[label.count] = static_cast<unsigned char>(text[label.count]);
    }
    std::uint32_t n = 128;
    std::uint32_t i = 0;
    std::uint32_t bias = 72;
    for (std::size_t at = basic == 0 ? 0 : basic + 1; at < text.size();) {
        const std::uint32_t before = i;
        std::uint64_t weight = 1;
        for (std::uint32_t k = 36;; k += 36) {
            if (at == text.size() || !is(text[at], kAlnum)) {
                return false;
            }
            const char c = lower(text[at++]);
            const std::uint32_t digit =
                is(c, kDigit) ? static_cast<std::uint32_t>(c - '0') + 26U : static_cast<std::uint32_t>(c - 'a');
            const std::uint64_t next = i + digit * weight;
            if (next > 0x7FFFFFFF) {
                return false;
            }
            i = static_cast<std::uint32_t>(next);
            const std::uint32_t threshold = k <= bias ? 1 : k >= bias + 26 ? 26 : k - bias;
            if (digit < threshold) {
                break;
            }
            weight *= 36 - threshold;
            if (weight > 0x7FFFFFFF) {
                return false;
            }
        }
        const auto points = static_cast<std::uint32_t>(label.count) + 1;
        bias = adapt(i - before, points, before == 0);
        n += i / points;
        i %= points;
        if (n > 0x10FFFF || label.count == Label::kMostCharacters) {
            return false;
        }
        std::copy_backward(label.characters.begin() + i,
                           label.characters.begin() + static_cast<std::ptrdiff_t>(label.count),
                           label.characters.begin() + static_cast<std::ptrdiff_t>(label.count) + 1);
        label.characters[i] = n;
        ++label.count;
        ++i;
    }
    return label.count > 0;
}

namespace {

constexpr std::size_t kMostBytes = 4 * Label::kMostCharacters;  // of a label with its "xn--"

// The label at `at`, behind "xn--"; returns where it ends.
std::size_t label_end(std::string_view text, std::size_t at) noexcept {
    while (at < text.size() && (is(text[at], kAlnum) || text[at] == '-' || text[at] == '\'')) {
        ++at;
    }
    return at;
}

bool begins_label(std::string_view text, std::size_t at) noexcept {
    return at + 4 < text.size() && lower(text[at]) == 'x' && lower(text[at + 1]) == 'n' && text[at + 2] == '-' &&
           text[at + 3] == '-' && (at == 0 || !is(text[at - 1], kAlnum));
}

}  // namespace

namespace {

constexpr std::size_t kLeastWords = 3;  // that plain letters of labels make

// The labels as they are (of a text from `at` to `end`), or with the plain letters alone that stand in them as in a
// word: "xn--ignore-7ya" reads "ignore", whatever else is in there.
void put_labels(const Job& job, std::size_t at, std::size_t end, bool plain) {
    const std::string_view text = job.text();
    while (at < end) {
        Label label;
        const std::size_t stop = begins_label(text, at) ? label_end(text, at + 4) : at;
        if (stop > at + kMostBytes) {  // no label, nor are its parts: each byte is looked at once
            copy(job, at, stop);
            at = stop;
        } else if (stop > at && decode_label(text.substr(at + 4, stop - at - 4), label)) {
            for (std::size_t i = 0; i < label.count; ++i) {
                if (!plain || label.characters[i] < 0x80) {
                    (void)job.children.put_code_point(label.characters[i], at, stop);
                }
            }
            at = stop;
        } else {
            copy(job, at, at + 1);
            ++at;
        }
    }
}

}  // namespace

void decode_punycode(const Job& job) {
    const std::string_view text = job.text();
    std::size_t first = std::string_view::npos;
    std::size_t last = 0;
    std::size_t labels = 0;
    for (std::size_t at = text.find("n--"); at != std::string_view::npos; at = text.find("n--", at + 3)) {
        if (at > 0 && begins_label(text, at - 1)) {
            first = std::min(first, at - 1);
            last = at;
            ++labels;
        }
    }
    if (first == std::string_view::npos || !job.children.open(ViewKind::punycode)) {
        return;
    }
    const std::size_t end = context_end(text, label_end(text, last + 3));
    const std::size_t begin = context_begin(text, first);
    put_labels(job, begin, end, false);
    job.children.close(text);
    if (labels >= kLeastWords && job.children.open(ViewKind::punycode)) {
        put_labels(job, begin, end, true);
        job.children.close(text);
    }
}

}  // namespace fastguard::decoding
