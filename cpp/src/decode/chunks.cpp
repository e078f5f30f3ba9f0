// Codes in pieces without blanks that use most printable characters: base85, ROT47; and lines of uuencode.
#include "codes.h"
#include "evidence.h"
#include "words.h"

#include <algorithm>
#include <bit>

namespace fastguard::decoding {
namespace {

constexpr std::size_t kLeastChunk = 20;
constexpr std::size_t kLeastText = 8;

using Digits85 = std::array<std::uint8_t, 256>;
constexpr Digits85 digits_of(std::string_view alphabet) {
    Digits85 digits{};
    digits.fill(255);
    for (std::size_t i = 0; i < alphabet.size(); ++i) {
        digits[static_cast<unsigned char>(alphabet[i])] = static_cast<std::uint8_t>(i);
    }
    return digits;
}
constexpr Digits85 kAscii85 = [] {
    Digits85 digits{};
    digits.fill(255);
    for (unsigned i = 0; i < 85; ++i) {
        digits['!' + i] = static_cast<std::uint8_t>(i);
    }
    return digits;
}();
constexpr Digits85 kRfc1924 =
    digits_of("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz!#$%&()*+-;<=>?@^_`{|}~");
constexpr Digits85 kZ85 =
    digits_of("0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-:+=^!/*?&<>()[]{}@%$#");

// Five digits make four bytes, n digits at the end n - 1; 'z' of ASCII85 stands for four zero bytes. A byte 0xFF is
// made where there is no such digit.
template <class Sink>
void produce85(std::string_view text, std::size_t begin, std::size_t end, const Digits85& digits, const Sink& sink) {
    std::uint64_t value = 0;
    std::size_t count = 0;
    std::size_t first = begin;
    const auto flush = [&](std::size_t last) {
        for (std::size_t i = count; i < 5; ++i) {
            value = value * 85 + 84;
        }
        for (std::size_t i = 0; i + 1 < count; ++i) {
            sink(static_cast<unsigned char>(value > 0xFFFFFFFFU ? 0xFF : value >> (24 - 8 * i)), first, last);
        }
        value = count = 0;
    };
    for (std::size_t at = begin; at < end; ++at) {
        const std::uint8_t digit = digits[static_cast<unsigned char>(text[at])];
        if (digit == 255) {
            if (!is(text[at], kBlank)) {
                sink(0xFF, at, at + 1);
            }
            continue;
        }
        first = count == 0 ? at : first;
        value = value * 85 + digit;
        if (++count == 5) {
            flush(at + 1);
        }
    }
    if (count > 1) {
        flush(end);
    }
}

// Whether the first groups from `begin` on say something that can be printed: valid UTF-8 without controls but white
// space, perhaps cut at its end. Of other text, the first bytes rule most out.
bool begins85(std::string_view text, std::size_t begin, const Digits85& digits) noexcept {
    unsigned pending = 0;  // continuation bytes that must follow
    for (std::size_t group = 0; group < 3; ++group) {
        std::uint64_t value = 0;
        for (std::size_t i = 0; i < 5; ++i) {
            const std::uint8_t digit = digits[static_cast<unsigned char>(text[begin + 5 * group + i])];
            if (digit == 255) {
                return false;
            }
            value = value * 85 + digit;
        }
        if (value > 0xFFFFFFFFU) {
            return false;
        }
        for (unsigned shift = 32; shift > 0;) {
            shift -= 8;
            const auto byte = static_cast<unsigned char>(value >> shift);
            const bool follows = (byte & 0xC0U) == 0x80U;
            if (follows != (pending > 0) || (byte < 0x80 && !is(static_cast<char>(byte), kPrint | kBlank)) ||
                (!follows && byte >= 0x80 && (byte < 0xC2 || byte > 0xF4))) {
                return false;
            }
            pending = follows ? pending - 1 : byte < 0xC0 ? 0 : byte < 0xE0 ? 1 : byte < 0xF0 ? 2 : 3;
        }
    }
    return true;
}

bool keep85(const Job& job, std::size_t begin, std::size_t end, const Digits85& digits) {
    const auto produce = [&](auto&& sink) { produce85(job.text(), begin, end, digits, sink); };
    const Stretches stretches = measure(kLeastText, produce);
    return stretches.found().size() == 1 && stretches.readable() == stretches.given() &&
           keep(job, ViewKind::base85, stretches, produce);
}

// Tries a chunk in each alphabet, with and without up to kMostEdge characters before and behind it: quotation marks and
// brackets are digits, too. Whether something was kept.
constexpr std::size_t kMostEdge = 3;
constexpr std::string_view kOpening = ">\"'";  // one of the first of them ends what stands before a code
constexpr std::size_t kMostOpenings = 3;
constexpr std::size_t kMostParted = 4096;  // bytes
constexpr std::string_view kClosing = "\"',]})";
bool try_chunk(const Job& job, std::size_t begin, std::size_t end) {
    const std::string_view text = job.text();
    // The marks of ASCII85 may be digits of another alphabet; at the beginning they are marks.
    const std::size_t open = text.substr(begin, std::min(end - begin, kMostEdge + 2)).find("<~");
    if (open != std::string_view::npos) {
        begin += open + 2;
        const std::size_t close = text.substr(begin, end - begin).find("~>");
        end = close == std::string_view::npos ? end : begin + close;
    }
    for (const Digits85* digits : {&kAscii85, &kRfc1924, &kZ85}) {
        for (std::size_t before = 0; before <= kMostEdge && end - begin >= kLeastChunk + before; ++before) {
            if (!begins85(text, begin + before, *digits)) {
                continue;
            }
            for (std::size_t behind = 0; behind <= kMostEdge; ++behind) {
                if (keep85(job, begin + before, end - behind, *digits)) {
                    return true;
                }
            }
        }
    }
    return false;
}

// A chunk as it stands, and what of it stands between tags or quotation marks: those are digits, too.
void try_parts(const Job& job, std::size_t begin, std::size_t end) {
    if (try_chunk(job, begin, end) || end - begin > kMostParted) {
        return;
    }
    const std::string_view chunk = job.text().substr(begin, end - begin);
    const std::size_t last = chunk.find_last_not_of(kClosing);
    std::size_t from = 0;
    for (std::size_t tries = 0; tries < kMostOpenings && from + kLeastChunk <= chunk.size(); ++tries) {
        const std::size_t close = std::min(chunk.find("</", from + kLeastChunk), last + 1);
        if ((from > 0 || close < chunk.size()) && close >= from + kLeastChunk &&
            try_chunk(job, begin + from, begin + close)) {
            return;
        }
        from = chunk.find_first_of(kOpening, from);
        from = from == std::string_view::npos ? chunk.size() : from + 1;
    }
}

char rot47(char c) noexcept { return is(c, kPrint) ? static_cast<char>(33 + (c - 33 + 47) % 94) : c; }

// Letters of the common word that a chunk says in ROT47, punctuation around it aside; 0 where it says none.
std::size_t rot47_word(std::string_view chunk) noexcept {
    std::array<char, kLongestCommon> word{};
    std::size_t size = 0;
    for (std::size_t i = 0; i < chunk.size(); ++i) {
        const char changed = lower(rot47(chunk[i]));
        if (!is(changed, kLower)) {
            if ((i + 1 - size) * 4 > chunk.size()) {  // too many that are none
                return 0;
            }
            continue;
        }
        if (size == word.size()) {
            return 0;
        }
        word[size++] = changed;
    }
    return size > 1 && is_common_word({word.data(), size}) ? size : 0;
}

// Where kLeastChunk bytes or more without a blank begin, at `from` or behind it; the size of the text where they do
// not.
std::size_t next_unbroken(const ByteMasks& masks, std::size_t size, std::size_t from) noexcept {
    static_assert(kLeastChunk == 20);
    const std::size_t words = (size + 63) / 64;
    const auto solid = [&](std::size_t i) { return i < words ? ~masks.space[i] : 0; };
    for (std::size_t word = from / 64; word < words; ++word) {
        std::uint64_t low = solid(word);
        std::uint64_t next = solid(word + 1);
        for (const unsigned by : {1U, 2U, 4U, 8U, 4U}) {  // 2, 4, 8, 16, 20 in a row
            low &= low >> by | next << (64 - by);
            next &= next >> by;
        }
        low &= word == from / 64 ? ~std::uint64_t{0} << from % 64 : ~std::uint64_t{0};
        if (low != 0) {
            return std::min(size, word * 64 + static_cast<std::size_t>(std::countr_zero(low)));
        }
    }
    return size;
}

// Calls visit(begin, end) for each piece between blanks that is at least kLeastChunk long: looks at the last byte that
// such a piece needs first.
template <class Visit>
void each_long_chunk(const Reading& reading, const Visit& visit) {
    const std::string_view text = reading.raw.bytes;
    for (std::size_t at = 0; at + kLeastChunk <= text.size();) {
        std::size_t end = at + kLeastChunk;
        while (end > at && is(text[end - 1], kPrint)) {
            --end;
        }
        if (end > at) {
            at = next_unbroken(reading.raw_masks, text.size(), end);
            continue;
        }
        end = at + kLeastChunk;
        while (end < text.size() && is(text[end], kPrint)) {
            ++end;
        }
        visit(at, end);
        at = end + 1;
    }
}

// Text that words in ROT47 stand close together in.
struct Rotated {
    std::size_t begin = 0;
    std::size_t end = 0;
    std::size_t words = 0;
    std::size_t letters = 0;  // in words
};
constexpr std::size_t kMostApart = 64;  // bytes from one word to the next

void keep_rotated(const Job& job, const Rotated& found) {
    if (found.words < 3 || found.letters < 10 || found.letters * 4 < found.end - found.begin ||
        !job.children.open(ViewKind::rot47)) {
        return;
    }
    const std::size_t end = context_end(job.text(), found.end);
    for (std::size_t i = context_begin(job.text(), found.begin); i < end; ++i) {
        (void)job.children.put_byte(rot47(job.text()[i]), i, i + 1);
    }
    job.children.close(job.text());
}

}  // namespace

void decode_base85(const Job& job) {
    each_long_chunk(job.reading, [&](std::size_t begin, std::size_t end) { try_parts(job, begin, end); });
}

void decode_rot47(const Job& job) {
    const std::string_view text = job.text();
    const std::size_t blocks = (text.size() + kBlockBytes - 1) / kBlockBytes;
    Rotated found;
    std::size_t at = 0;
    for (std::size_t block = 0; block < blocks; ++block) {
        if (!may_be_rotated(job.reading.raw_masks, block, blocks)) {
            continue;
        }
        // From the block before to the one behind.
        const std::size_t end = std::min(text.size(), (block + 2) * kBlockBytes);
        at = std::max(at, std::max<std::size_t>(block, 1) * kBlockBytes - kBlockBytes);
        while (at < end) {
            std::size_t last = at;
            while (last < text.size() && is(text[last], kPrint)) {
                ++last;
            }
            const std::size_t size = last - at > 1 ? rot47_word(text.substr(at, last - at)) : 0;
            if (size > 0) {
                if (found.words > 0 && at - found.end > kMostApart) {
                    keep_rotated(job, found);
                    found = {};
                }
                found = {found.words == 0 ? at : found.begin, last, found.words + 1, found.letters + size};
            }
            at = last + 1;
        }
    }
    keep_rotated(job, found);
}

// A line of uuencode says how many bytes it has, and has four characters for every three of them.
void decode_uuencode(const Job& job) {
    const std::string_view text = job.text();
    keep_readable(job, ViewKind::uuencode, kLeastText, [&](auto&& sink) {
        for (std::size_t at = 0; at < text.size();) {
            const std::size_t end = std::min(text.size(), find_byte(text, '\n', at));
            const auto count = static_cast<std::size_t>(text[at] - 32) & 63U;
            const std::size_t digits = (count + 2) / 3 * 4;
            // Blanks at the end may have been lost.
            const std::size_t size = end - at - 1;
            if (text[at] > 32 && text[at] <= 96 && count > 0 && size <= digits + 1 && size + 3 >= digits) {
                std::uint32_t value = 0;
                for (std::size_t i = 0, made = 0; i < digits && made < count; ++i) {
                    const std::size_t place = std::min(at + 1 + i, end - 1);
                    const unsigned c = at + 1 + i < end ? static_cast<unsigned char>(text[place]) - 32U : 0;
                    value = value << 6U | (c & 63U);
                    if (i % 4 != 0) {
                        const unsigned shift = 6 - 2 * (static_cast<unsigned>(i) % 4);
                        sink(c > 64 ? static_cast<unsigned char>(0xFF) : static_cast<unsigned char>(value >> shift),
                             std::max(at, place - 1), place + 1);
                        ++made;
                    }
                }
            }
            at = end + 1;
        }
    });
}

}  // namespace fastguard::decoding
