#include "fastguard/tokenizer.h"

#include "fastguard/normalizer.h"
#include "unicode_tables.h"

#include <bit>

namespace fastguard {
namespace {

// Code point at `text[at]` of valid UTF-8; `length` becomes its bytes.
char32_t decode(const char* text, std::size_t at, std::size_t& length) noexcept {
    const auto byte = [&](std::size_t i) { return static_cast<char32_t>(static_cast<unsigned char>(text[at + i])); };
    const char32_t first = byte(0);
    if (first < 0xE0) {
        length = 2;
        return ((first & 0x1FU) << 6U) | (byte(1) & 0x3FU);
    }
    if (first < 0xF0) {
        length = 3;
        return ((first & 0x0FU) << 12U) | ((byte(1) & 0x3FU) << 6U) | (byte(2) & 0x3FU);
    }
    length = 4;
    return ((first & 0x07U) << 18U) | ((byte(1) & 0x3FU) << 12U) | ((byte(2) & 0x3FU) << 6U) | (byte(3) & 0x3FU);
}

// As token_class, here for the loop below.
inline TokenClass class_of(char32_t cp) noexcept {
    return cp < unicode::kLimit ? static_cast<TokenClass>(unicode::class_entry(cp) & 3) : TokenClass::separator;
}

class Writer {
  public:
    Writer(const char* text, Token* out) noexcept : text_(text), out_(out) {}

    void add(std::size_t begin, std::size_t end) noexcept {
        out_[count_].begin = static_cast<std::uint32_t>(begin);
        out_[count_++].end = static_cast<std::uint32_t>(end);
    }

    // A run of word bytes with code points beyond ASCII in it: separators and single-character tokens split it.
    void add_mixed(std::size_t begin, std::size_t end) noexcept {
        std::size_t open = begin;
        std::size_t at = begin;
        while (at < end) {
            if (static_cast<unsigned char>(text_[at]) < 0x80) {
                ++at;
                continue;
            }
            std::size_t length = 0;
            const TokenClass kind = class_of(decode(text_, at, length));
            if (kind != TokenClass::word) {
                if (at > open) {
                    add(open, at);
                }
                if (kind == TokenClass::single) {
                    add(at, at + length);
                }
                open = at + length;
            }
            at += length;
        }
        if (end > open) {
            add(open, end);
        }
    }

    [[nodiscard]] std::size_t count() const noexcept { return count_; }

  private:
    const char* text_;
    Token* out_;
    std::size_t count_ = 0;
};

// Whether any of the bits [begin, begin + size) of one word is set; size >= 1.
bool any_set(std::uint64_t mask, std::size_t begin, std::size_t size) noexcept {
    return ((mask >> begin) & (~std::uint64_t{0} >> (kBlockBytes - size))) != 0;
}

// Tokens of text with code points beyond ASCII: runs of word bytes, taken apart where they have such.
std::size_t find_mixed(std::string_view folded, const ByteMasks& masks, Token* out) noexcept {
    Writer writer(folded.data(), out);
    std::size_t open = 0;
    bool is_open = false;  // a run of the blocks before reaches this one
    bool mixed = false;    // and has a byte beyond ASCII
    const auto finish = [&writer](std::size_t begin, std::size_t end, bool beyond_ascii) {
        if (beyond_ascii) {
            writer.add_mixed(begin, end);
        } else {
            writer.add(begin, end);
        }
    };
    for (std::size_t block = 0; block * kBlockBytes < folded.size(); ++block) {
        const std::size_t base = block * kBlockBytes;
        const std::uint64_t high = masks.high[block];
        std::uint64_t word = masks.word[block];
        if (is_open) {
            const auto more = static_cast<std::size_t>(std::countr_one(word));
            mixed = mixed || (more > 0 && any_set(high, 0, more));
            if (more == kBlockBytes) {
                continue;
            }
            finish(open, base + more, mixed);
            is_open = false;
            word &= word + 1;  // without the run at the bottom
        }
        while (word != 0) {
            const auto begin = static_cast<std::size_t>(std::countr_zero(word));
            const auto size = static_cast<std::size_t>(std::countr_one(word >> begin));
            mixed = any_set(high, begin, size);
            if (begin + size == kBlockBytes) {
                open = base + begin;
                is_open = true;
                break;
            }
            finish(base + begin, base + begin + size, mixed);
            word &= word + (std::uint64_t{1} << begin);  // without the lowest run
        }
    }
    if (is_open) {
        finish(open, folded.size(), mixed);
    }
    return writer.count();
}

}  // namespace

std::size_t find_tokens(std::string_view folded, const ByteMasks& masks, bool ascii, Token* out) noexcept {
    return ascii ? active_kernel().find_runs(masks.word, folded.size(), out) : find_mixed(folded, masks, out);
}

std::size_t tokenize(std::string_view folded, const ByteMasks& masks, bool ascii, Token* out) noexcept {
    const std::size_t count = find_tokens(folded, masks, ascii, out);
    for (std::size_t i = 0; i < count; ++i) {
        out[i].hash = hash_bytes(folded.data() + out[i].begin, out[i].size());
    }
    return count;
}

}  // namespace fastguard
