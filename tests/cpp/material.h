// What several tests need: random texts, plain decoding, masks and memory that ends exactly where the contract says.
#pragma once

#include "fastguard/kernels.h"
#include "fastguard/text.h"

#include <sys/mman.h>
#include <unistd.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <new>
#include <random>
#include <string>
#include <string_view>
#include <vector>

namespace material {

using Random = std::mt19937;

inline std::size_t below(Random& random, std::size_t limit) { return random() % limit; }

// Memory between two pages that nobody may touch: a step past either end stops the test.
class GuardedPages {
  public:
    explicit GuardedPages(std::size_t room) : page_(static_cast<std::size_t>(sysconf(_SC_PAGESIZE))) {
        room_ = (room + page_ - 1) / page_ * page_;
        void* memory = mmap(nullptr, room_ + 2 * page_, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (memory == MAP_FAILED || mprotect(static_cast<char*>(memory) + page_, room_, PROT_READ | PROT_WRITE) != 0) {
            throw std::bad_alloc();
        }
        memory_ = static_cast<char*>(memory);
    }
    ~GuardedPages() { munmap(memory_, room_ + 2 * page_); }
    GuardedPages(const GuardedPages&) = delete;
    GuardedPages& operator=(const GuardedPages&) = delete;

    // The last `size` bytes before the forbidden page.
    [[nodiscard]] char* last(std::size_t size) const noexcept { return memory_ + page_ + room_ - size; }
    // The first bytes behind the forbidden page.
    [[nodiscard]] char* first() const noexcept { return memory_ + page_; }

  private:
    std::size_t page_;
    std::size_t room_ = 0;
    char* memory_ = nullptr;
};

// Masks of exactly as many words as a kernel may write, filled with ones.
class Masks {
  public:
    explicit Masks(std::size_t size) {
        for (std::vector<std::uint64_t>& mask : words_) {
            mask.assign((size + fastguard::kBlockBytes - 1) / fastguard::kBlockBytes, ~std::uint64_t{0});
        }
    }
    [[nodiscard]] fastguard::ByteMasks masks() noexcept {
        return {words_[0].data(), words_[1].data(), words_[2].data(), words_[3].data(),
                words_[4].data(), words_[5].data(), words_[6].data(), words_[7].data()};
    }
    bool operator==(const Masks&) const = default;

  private:
    std::array<std::vector<std::uint64_t>, fastguard::ByteMasks::kCount> words_;
};

[[nodiscard]] inline std::size_t block_room(std::size_t size) {
    return (size + fastguard::kBlockBytes - 1) / fastguard::kBlockBytes * fastguard::kBlockBytes;
}

// A unit of UTF-8 as Python counts it: a code point, or one byte that is no part of any.
struct Unit {
    std::size_t begin = 0;
    std::size_t size = 1;
    bool valid = false;
    char32_t code_point = 0;
};

// The units of a text by the table of well-formed byte sequences (Unicode, table 3-7), row by row.
[[nodiscard]] inline std::vector<Unit> units_of(std::string_view text) {
    struct Row {
        unsigned first_low, first_high, second_low, second_high;
        std::size_t size;
    };
    static constexpr std::array<Row, 9> kRows = {{{0x00, 0x7F, 0, 0, 1},
                                                  {0xC2, 0xDF, 0x80, 0xBF, 2},
                                                  {0xE0, 0xE0, 0xA0, 0xBF, 3},
                                                  {0xE1, 0xEC, 0x80, 0xBF, 3},
                                                  {0xED, 0xED, 0x80, 0x9F, 3},
                                                  {0xEE, 0xEF, 0x80, 0xBF, 3},
                                                  {0xF0, 0xF0, 0x90, 0xBF, 4},
                                                  {0xF1, 0xF3, 0x80, 0xBF, 4},
                                                  {0xF4, 0xF4, 0x80, 0x8F, 4}}};
    static constexpr std::array<unsigned, 5> kLeadBits = {0, 0x7F, 0x1F, 0x0F, 0x07};
    std::vector<Unit> units;
    const auto byte = [text](std::size_t at) -> unsigned { return static_cast<unsigned char>(text[at]); };
    for (std::size_t at = 0; at < text.size();) {
        Unit unit{.begin = at};
        for (const Row& row : kRows) {
            if (byte(at) < row.first_low || byte(at) > row.first_high || at + row.size > text.size()) {
                continue;
            }
            bool good = row.size == 1 || (byte(at + 1) >= row.second_low && byte(at + 1) <= row.second_high);
            char32_t code_point = byte(at) & kLeadBits[row.size];
            for (std::size_t i = 1; i < row.size; ++i) {
                good = good && (byte(at + i) & 0xC0U) == 0x80U;
                code_point = (code_point << 6U) | (byte(at + i) & 0x3FU);
            }
            if (good) {
                unit = {at, row.size, true, code_point};
            }
        }
        units.push_back(unit);
        at += unit.size;
    }
    return units;
}

// Places of every byte border of a text, by counting its units; borders inside a unit have the place of its begin.
[[nodiscard]] inline std::vector<fastguard::TextPlace> places_of(std::string_view text) {
    std::vector<fastguard::TextPlace> places(text.size() + 1);
    fastguard::TextPlace place;
    for (const Unit& unit : units_of(text)) {
        for (std::size_t i = 0; i < unit.size; ++i) {
            places[unit.begin + i] = place;
        }
        place.byte += unit.size;
        place.code_point += 1;
        place.utf16 += unit.valid && unit.code_point > 0xFFFF ? 2 : 1;
    }
    places[text.size()] = place;
    return places;
}

[[nodiscard]] inline std::string utf8(char32_t cp) {
    const auto byte = [](char32_t value) { return static_cast<char>(static_cast<unsigned char>(value)); };
    if (cp < 0x80) {
        return {byte(cp)};
    }
    if (cp < 0x800) {
        return {byte(0xC0U | cp >> 6U), byte(0x80U | (cp & 0x3FU))};
    }
    if (cp < 0x10000) {
        return {byte(0xE0U | cp >> 12U), byte(0x80U | (cp >> 6U & 0x3FU)), byte(0x80U | (cp & 0x3FU))};
    }
    return {byte(0xF0U | cp >> 18U), byte(0x80U | (cp >> 12U & 0x3FU)), byte(0x80U | (cp >> 6U & 0x3FU)),
            byte(0x80U | (cp & 0x3FU))};
}

// Any code point but the surrogates, the frequent scripts more often than chance.
[[nodiscard]] inline char32_t random_code_point(Random& random) {
    struct Range {
        char32_t low, high;
    };
    static constexpr std::array<Range, 16> kRanges = {{{0x20, 0x7E},
                                                       {0x61, 0x7A},
                                                       {0x20, 0x20},
                                                       {0x00, 0x1F},
                                                       {0xA0, 0x24F},
                                                       {0x300, 0x36F},
                                                       {0x370, 0x52F},
                                                       {0x590, 0x6FF},
                                                       {0x900, 0x9FF},
                                                       {0xE00, 0xEFF},
                                                       {0x1100, 0x11FF},
                                                       {0x2000, 0x206F},
                                                       {0x3040, 0x30FF},
                                                       {0x4E00, 0x9FFF},
                                                       {0xE000, 0xFFFF},
                                                       {0x10000, 0x10FFFF}}};
    const Range range = kRanges[below(random, kRanges.size())];
    return range.low + static_cast<char32_t>(below(random, range.high - range.low + 1));
}

[[nodiscard]] inline std::string random_unicode(Random& random, std::size_t code_points) {
    std::string text;
    for (std::size_t i = 0; i < code_points; ++i) {
        text += utf8(random_code_point(random));
    }
    return text;
}

// ASCII prose, digits and signs, so that every class of bytes and words of all lengths occur.
[[nodiscard]] inline std::string random_ascii(Random& random, std::size_t size) {
    static constexpr std::string_view kSigns = "@:$!|+<>{}[]`#*=/\\.,;-_'\"\n\t\r\v\f\x7F\x01";
    std::string text;
    while (text.size() < size) {
        const std::size_t kind = below(random, 8);
        const std::size_t count = 1 + below(random, kind == 0 ? 80 : 7);
        for (std::size_t i = 0; i < count; ++i) {
            text += kind < 5    ? static_cast<char>((below(random, 6) == 0 ? 'A' : 'a') + below(random, 26))
                    : kind == 5 ? static_cast<char>('0' + below(random, 10))
                                : kSigns[below(random, kSigns.size())];
        }
        text += ' ';
    }
    text.resize(size);
    return text;
}

[[nodiscard]] inline std::string random_bytes(Random& random, std::size_t size) {
    std::string bytes;
    for (std::size_t i = 0; i < size; ++i) {
        bytes += static_cast<char>(static_cast<unsigned char>(random()));
    }
    return bytes;
}

}  // namespace material
