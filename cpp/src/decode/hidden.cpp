// Text in characters that nobody sees: Unicode tags, variation selectors, binaries of zero-width characters.
#include "codes.h"

#include "utf8_decode.h"

#include <algorithm>
#include <cstring>

namespace fastguard::decoding {
namespace {

constexpr std::size_t kLeastHidden = 3;

// Calls visit(code point, begin, end) for each character that is not ASCII, valid or not (kInvalid).
template <class Visit>
void each_beyond_ascii(std::string_view text, const Visit& visit) {
    for (std::size_t at = 0; at < text.size();) {
        if (static_cast<unsigned char>(text[at]) < 0x80) {
            ++at;
            continue;
        }
        unsigned char four[4] = {};
        std::memcpy(four, text.data() + at, std::min(sizeof four, text.size() - at));
        const utf8::Step step = utf8::decode(four);
        visit(step.cp, at, at + step.length);
        at += step.length;
    }
}

// What nobody sees says nothing but what it is decoded to, be that words or not. Noise decodes to few printable ASCII
// characters in a row.
constexpr std::size_t kSurely = 24;
constexpr auto kStandsForIt = [](Children& children) {
    const std::string_view said = children.opened();
    if (said.size() >= kSurely &&
        std::all_of(said.begin(), said.end(), [](char c) { return is(c, kPrint | kBlank); })) {
        children.vouch();
    }
};

template <class Produce>
void keep_channel(const Job& job, ViewKind kind, const Produce& produce) {
    const Stretches stretches = measure(kLeastHidden, produce);
    if (mostly_readable(stretches)) {
        (void)keep(job, kind, stretches, produce, kStandsForIt);
    } else {
        (void)keep(job, kind, stretches, produce);
    }
}

bool is_tag(char32_t cp) noexcept { return cp >= 0xE0020 && cp <= 0xE007E; }

// Tags behind a black flag that spell a region ("gbeng") and are ended as they should be are a flag.
constexpr char32_t kBlackFlag = 0x1F3F4;
constexpr char32_t kCancelTag = 0xE007F;
constexpr std::size_t kMostRegion = 6;

// Where the tags of a flag that begins at `at` end; `at` where it is no flag.
std::size_t flag_end(std::string_view text, std::size_t at) noexcept {
    std::size_t tags = 0;
    for (std::size_t i = at; i + 4 <= text.size(); i += 4) {
        unsigned char four[4];
        std::copy_n(text.data() + i, 4, four);
        const char32_t cp = utf8::decode(four).cp;
        if (cp == kCancelTag) {
            return tags >= 3 ? i + 4 : at;
        }
        if (!is_tag(cp) || !is(static_cast<char>(cp - 0xE0000), kLower | kDigit) || ++tags > kMostRegion) {
            return at;
        }
    }
    return at;
}

void decode_tags(const Job& job) {
    keep_channel(job, ViewKind::tags, [&](auto&& sink) {
        std::size_t honest = 0;
        each_beyond_ascii(job.text(), [&](char32_t cp, std::size_t begin, std::size_t end) {
            if (cp == kBlackFlag) {
                honest = flag_end(job.text(), end);
            } else if (is_tag(cp) && begin >= honest) {
                sink(static_cast<unsigned char>(cp - 0xE0000), begin, end);
            }
        });
    });
}

// The byte that a variation selector stands for, 256 for none.
unsigned selector_byte(char32_t cp) noexcept {
    return cp >= 0xFE00 && cp <= 0xFE0F ? cp - 0xFE00 : cp >= 0xE0100 && cp <= 0xE01EF ? cp - 0xE0100 + 16 : 256;
}

void decode_variation_selectors(const Job& job) {
    keep_channel(job, ViewKind::variation_selectors, [&](auto&& sink) {
        each_beyond_ascii(job.text(), [&](char32_t cp, std::size_t begin, std::size_t end) {
            // U+FE0E and U+FE0F choose how an emoji looks; as bytes they would be controls.
            const unsigned byte = cp == 0xFE0E || cp == 0xFE0F ? 256 : selector_byte(cp);
            if (byte < 256) {
                sink(static_cast<unsigned char>(byte), begin, end);
            }
        });
    });
}

// ---------------------------------------------------------------- zero-width binaries

constexpr std::array<char32_t, 14> kZeroWidth = {0x00AD, 0x034F, 0x180E, 0x200B, 0x200C, 0x200D, 0x200E,
                                                 0x200F, 0x2060, 0x2061, 0x2062, 0x2063, 0x2064, 0xFEFF};

// Index into kZeroWidth, or its size.
std::size_t zero_width_index(char32_t cp) noexcept {
    return static_cast<std::size_t>(std::find(kZeroWidth.begin(), kZeroWidth.end(), cp) - kZeroWidth.begin());
}

// The characters that a text uses, most often first.
struct Alphabet {
    std::array<std::size_t, kZeroWidth.size()> counts{};
    std::array<std::size_t, kZeroWidth.size()> order{};
    std::size_t size = 0;  // different ones

    explicit Alphabet(std::string_view text) {
        each_beyond_ascii(text, [&](char32_t cp, std::size_t, std::size_t) {
            const std::size_t index = zero_width_index(cp);
            if (index < counts.size()) {
                ++counts[index];
            }
        });
        for (std::size_t i = 0; i < counts.size(); ++i) {
            order[i] = i;
            size += counts[i] > 0 ? 1 : 0;
        }
        // A stable sort would take memory.
        std::sort(order.begin(), order.end(),
                  [&](std::size_t a, std::size_t b) { return counts[a] != counts[b] ? counts[a] > counts[b] : a < b; });
    }
};

// How bits become bytes.
struct Bits {
    std::array<int, kZeroWidth.size()> value;  // -1: passed over, -2: ends a byte
    unsigned per_symbol = 1;
    unsigned per_byte = 8;
    bool ended = false;  // by a symbol of its own instead of by number
};

template <class Sink>
void produce_bits(std::string_view text, const Bits& bits, const Sink& sink) {
    unsigned byte = 0;
    unsigned have = 0;
    std::size_t first = 0;
    const auto emit = [&](std::size_t end) {
        sink(static_cast<unsigned char>(byte), first, end);
        byte = have = 0;
    };
    each_beyond_ascii(text, [&](char32_t cp, std::size_t begin, std::size_t end) {
        const std::size_t index = zero_width_index(cp);
        if (index == kZeroWidth.size() || bits.value[index] == -1) {
            return;
        }
        if (bits.value[index] == -2) {
            if (have > 0) {
                emit(begin);
            }
            return;
        }
        first = have == 0 ? begin : first;
        byte = (byte << bits.per_symbol | static_cast<unsigned>(bits.value[index])) & 0xFFFFU;
        have += bits.per_symbol;
        if (!bits.ended && have >= bits.per_byte) {
            byte = bits.per_byte == 16 && byte > 0xFF ? 0xFF : byte;
            emit(end);
        } else if (have > 16) {
            byte = 0xFF;  // no character has so many bits
        }
    });
    if (bits.ended && have > 0) {
        emit(text.size());
    }
}

bool keep_bits(const Job& job, const Bits& bits) {
    const auto produce = [&](auto&& sink) { produce_bits(job.text(), bits, sink); };
    const Stretches stretches = measure(kLeastHidden, produce);
    return mostly_readable(stretches) && keep(job, ViewKind::zero_width, stretches, produce, kStandsForIt);
}

// Two symbols for 0 and 1, either way round where their number says when a byte is done; a third may stand between.
bool keep_binary(const Job& job, std::size_t zero, std::size_t one, std::size_t separator) {
    Bits bits{};
    bits.value.fill(-1);
    bits.value[zero] = 0;
    bits.value[one] = 1;
    if (separator < kZeroWidth.size()) {
        bits.value[separator] = -2;
        bits.ended = true;
        return keep_bits(job, bits);
    }
    for (const unsigned per_byte : {8U, 7U, 16U}) {
        bits.per_byte = per_byte;
        for (int way = 0; way < 2; ++way) {
            if (keep_bits(job, bits)) {
                return true;
            }
            std::swap(bits.value[zero], bits.value[one]);
        }
    }
    return false;
}

bool keep_quaternary(const Job& job, const Alphabet& alphabet) {
    std::array<std::size_t, 4> symbols{};
    std::copy_n(alphabet.order.begin(), 4, symbols.begin());
    std::sort(symbols.begin(), symbols.end());
    Bits bits{};
    bits.value.fill(-1);
    for (std::size_t i = 0; i < symbols.size(); ++i) {
        bits.value[symbols[i]] = static_cast<int>(i);
    }
    bits.per_symbol = 2;
    return keep_bits(job, bits);
}

void decode_zero_width(const Job& job) {
    const Alphabet alphabet(job.text());
    if (alphabet.size < 2) {
        return;
    }
    constexpr std::size_t kNone = kZeroWidth.size();
    const auto& order = alphabet.order;
    const std::size_t low = std::min(order[0], order[1]);
    const std::size_t high = std::max(order[0], order[1]);
    if (keep_binary(job, low, high, kNone) || alphabet.size < 3) {
        return;
    }
    for (std::size_t separator = 0; separator < 3; ++separator) {
        std::array<std::size_t, 2> two{};
        std::size_t n = 0;
        for (std::size_t i = 0; i < 3; ++i) {
            if (i != separator) {
                two[n++] = order[i];
            }
        }
        std::sort(two.begin(), two.end());
        if (keep_binary(job, two[0], two[1], order[separator]) || keep_binary(job, two[1], two[0], order[separator])) {
            return;
        }
    }
    if (alphabet.size >= 4) {
        keep_quaternary(job, alphabet);
    }
}

}  // namespace

void decode_hidden(const Job& job) {
    const FoldStats& stats = job.reading.stats;
    if (stats.tags >= kLeastHidden) {
        decode_tags(job);
    }
    if (stats.variation_selectors >= kLeastHidden) {
        decode_variation_selectors(job);
    }
    if (stats.ignorables >= 7 * kLeastHidden) {
        decode_zero_width(job);
    }
}

}  // namespace fastguard::decoding
