#include <algorithm>
#include <cstring>

#include "fastguard/normalizer.h"
#include "normalizer_ascii.h"
#include "unicode_tables.h"
#include "utf8_decode.h"

namespace fastguard {

using namespace unicode;

namespace {

std::uint32_t entry_of(char32_t cp) noexcept {
    return cp < kLimit ? skeleton_entry(cp) : kSkeletonIdentity | 4U << kSkeletonLength;
}

bool is_word(char32_t cp) noexcept { return token_class(cp) != TokenClass::separator; }

// Reads one code point of valid UTF-8 whose last byte lies before `end`.
utf8::Step next(const char* text, std::size_t end) noexcept {
    unsigned char bytes[4] = {};
    std::memcpy(bytes, text, std::min<std::size_t>(end, 4));
    return utf8::decode(bytes);
}

// Whether the skeleton of the character at text[0] starts with a word character.
bool starts_word(const char* text, std::size_t end) noexcept {
    if (end == 0) return false;
    const char32_t cp = next(text, end).cp;
    const std::uint32_t entry = entry_of(cp);
    if ((entry & kSkeletonIdentity) != 0) return is_word(cp);
    char bytes[4] = {};
    if ((entry & kSkeletonPooled) != 0)
        std::memcpy(bytes, kPool + (entry & 0xFFFFFF), 4);
    else
        std::memcpy(bytes, &entry, 3);
    return is_word(next(bytes, 4).cp);
}

bool ends_word(const char* text, std::size_t size) noexcept {
    if (size == 0) return false;
    std::size_t at = size - 1;
    while ((static_cast<unsigned char>(text[at]) & 0xC0) == 0x80) --at;
    return is_word(next(text + at, size - at).cp);
}

bool is_symbol(char byte) noexcept { return byte == '!' || byte == '@' || byte == '$' || byte == '+'; }

// Number of symbols at text[0] that stand for letters, given that a word character comes before them.
std::size_t letters_in_disguise(const char* text, std::size_t end) noexcept {
    std::size_t run = 1;
    if (text[0] == '@' || text[0] == '$') {
        while (run < 3 && run < end && (text[run] == '@' || text[run] == '$')) ++run;
    }
    return starts_word(text + run, end - run) ? run : 0;
}

char letter_of(char symbol) noexcept {
    switch (symbol) {
        case '!':
            return 'l';
        case '@':
            return 'a';
        case '$':
            return 's';
        default:
            return 't';
    }
}

}  // namespace

std::size_t skeleton_bound(std::size_t n) noexcept { return n * kSkeletonRatio; }

std::size_t skeleton_of_folded(const char* folded, std::size_t n, const std::uint32_t* folded_origin, char* dst,
                               std::uint32_t* origin) noexcept {
    const auto source = [folded_origin](std::size_t k) {
        return folded_origin != nullptr ? folded_origin[k] : static_cast<std::uint32_t>(k);
    };
    std::size_t size = 0;
    for (std::size_t at = 0; at < n;) {
        const auto byte = static_cast<unsigned char>(folded[at]);
        const std::uint32_t position = source(at);
        if (byte < 0x80 && !is_symbol(folded[at])) {
            const std::uint32_t entry = kSkeletonBlocks[byte];
            std::memcpy(dst + size, &entry, 4);
            ascii::repeat4(origin + size, position);
            size += entry >> kSkeletonLength & 63;
            ++at;
            continue;
        }
        if (byte < 0x80) {
            const std::size_t run = ends_word(dst, size) ? letters_in_disguise(folded + at, n - at) : 0;
            for (std::size_t k = 0; k < std::max<std::size_t>(run, 1); ++k, ++at, ++size) {
                dst[size] = k < run ? letter_of(folded[at]) : folded[at];
                origin[size] = source(at);
            }
            continue;
        }
        // A character near the end is read from a copy with room after it.
        char tail[4] = {};
        const char* here = folded + at;
        if (n - at < 4) here = static_cast<const char*>(std::memcpy(tail, here, n - at));
        const utf8::Step step = utf8::decode(reinterpret_cast<const unsigned char*>(here));
        const std::uint32_t entry = entry_of(step.cp);
        const std::size_t length = entry >> kSkeletonLength & 63;
        if ((entry & kSkeletonPooled) == 0) {
            const std::uint32_t bytes = (entry & kSkeletonIdentity) != 0 ? utf8::load32(here) : entry;
            std::memcpy(dst + size, &bytes, 4);
            ascii::repeat4(origin + size, position);
        } else {
            std::memcpy(dst + size, kPool + (entry & 0xFFFFFF), length);
            std::fill_n(origin + size, length, position);
        }
        size += length;
        at += step.length;
    }
    origin[size] = source(n);
    return size;
}

}  // namespace fastguard
