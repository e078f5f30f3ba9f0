// Bytes shown as the characters of Latin-1, one each: UTF-8 ("Ð˜Ð³Ð½Ð¾Ñ€"), and units of 16 bits (" \x04 0\x04").
#include "codes.h"
#include "units.h"

#include <algorithm>

namespace fastguard::decoding {
namespace {

constexpr std::size_t kLeastPairs = 4;   // characters of UTF-8 that are shown so
constexpr std::size_t kLeastUnits = 24;  // bytes

// Calls visit(byte, begin, end) for each character: of U+0080 to U+00FF the byte it stands for; bytes of others, and
// invalid ones, as they are.
template <class Visit>
void each_latin(std::string_view text, std::size_t begin, std::size_t end, const Visit& visit) {
    for (std::size_t at = begin; at < end;) {
        const auto lead = static_cast<unsigned char>(text[at]);
        const bool two = (lead == 0xC2 || lead == 0xC3) && at + 1 < end &&
                         (static_cast<unsigned char>(text[at + 1]) & 0xC0U) == 0x80U;
        if (two) {
            const unsigned byte = (lead & 3U) << 6U | (static_cast<unsigned char>(text[at + 1]) & 0x3FU);
            visit(static_cast<unsigned char>(byte), at, at + 2);
            at += 2;
        } else {
            visit(lead, at, at + 1);
            ++at;
        }
    }
}

// From the first to the last place where the lead of a sequence and what follows it are shown ("\xC3.\xC2."), and how
// many there are.
struct Shown {
    std::size_t begin = 0;
    std::size_t end = 0;
    std::size_t pairs = 0;
};
Shown shown(std::string_view text) noexcept {
    Shown found;
    for (std::size_t at = find_byte(text, '\xC2', 2); at != std::string_view::npos;
         at = find_byte(text, '\xC2', at + 1)) {
        if (text[at - 2] == '\xC3') {
            found.begin = found.pairs == 0 ? at - 2 : found.begin;
            found.end = std::min(at + 2, text.size());
            ++found.pairs;
        }
    }
    return found;
}

}  // namespace

void decode_mojibake(const Job& job) {
    const std::string_view text = job.text();
    const Shown found = shown(text);
    if (found.pairs < kLeastPairs) {
        return;
    }
    const std::size_t begin = context_begin(text, found.begin);
    const std::size_t end = context_end(text, found.end);
    const auto produce = [&](auto&& sink) { each_latin(text, begin, end, sink); };
    const Stretches stretches = measure(kLeastPairs, produce);
    if (mostly_readable(stretches)) {
        (void)keep(job, ViewKind::decoded, stretches, produce);
    }
}

// Every second byte of a text of an alphabet beyond Latin is a control character, the same one.
void decode_wide(const Job& job) {
    const std::string_view text = job.text();
    if (text.size() >= kLeastUnits) {
        (void)keep_units(job, ViewKind::decoded, [&](auto&& sink) { each_latin(text, 0, text.size(), sink); });
    }
}

}  // namespace fastguard::decoding
