#include "inflate.h"

#include <algorithm>
#include <array>

namespace fastguard::decoding {
namespace {

constexpr unsigned kMostBits = 15;  // of a code

// Bits of the stream, the lowest of each byte first.
class Bits {
  public:
    explicit Bits(std::span<const unsigned char> in) noexcept : in_(in) {}

    // The next `count` <= 16 bits; 0 bits behind the end, which `ended` tells.
    [[nodiscard]] unsigned take(unsigned count) noexcept {
        while (have_ < count) {
            ended_ = ended_ || at_ == in_.size();
            value_ |= static_cast<std::uint32_t>(at_ < in_.size() ? in_[at_++] : 0U) << have_;
            have_ += 8;
        }
        const unsigned bits = value_ & ((1U << count) - 1);
        value_ >>= count;
        have_ -= count;
        return bits;
    }
    // Goes on with the next whole byte.
    void align() noexcept {
        value_ = 0;
        have_ = 0;
    }
    [[nodiscard]] bool ended() const noexcept { return ended_; }

  private:
    std::span<const unsigned char> in_;
    std::size_t at_ = 0;
    std::uint32_t value_ = 0;
    unsigned have_ = 0;
    bool ended_ = false;
};

// A canonical Huffman code: how many symbols have each length, and the symbols in order of their codes.
template <std::size_t N>
class Code {
  public:
    // False where the lengths make no code: more codes than there are of a length.
    [[nodiscard]] bool set(std::span<const std::uint8_t> lengths) noexcept {
        counts_.fill(0);
        for (const std::uint8_t length : lengths) {
            ++counts_[length];
        }
        counts_[0] = 0;
        std::array<std::uint16_t, kMostBits + 2> first{};
        int left = 1;
        for (unsigned bits = 1; bits <= kMostBits; ++bits) {
            left = 2 * left - counts_[bits];
            if (left < 0) {
                return false;
            }
            first[bits + 1] = static_cast<std::uint16_t>(first[bits] + counts_[bits]);
        }
        for (std::size_t symbol = 0; symbol < lengths.size(); ++symbol) {
            if (lengths[symbol] != 0) {
                symbols_[first[lengths[symbol]]++] = static_cast<std::uint16_t>(symbol);
            }
        }
        return true;
    }

    // The next symbol; -1 where the bits are no code.
    [[nodiscard]] int take(Bits& bits) const noexcept {
        int code = 0;
        int first = 0;
        int index = 0;
        for (unsigned length = 1; length <= kMostBits; ++length) {
            code |= static_cast<int>(bits.take(1));
            if (bits.ended()) {
                return -1;
            }
            const int count = counts_[length];
            if (code - count < first) {
                return symbols_[static_cast<std::size_t>(index) + static_cast<std::size_t>(code - first)];
            }
            index += count;
            first = 2 * (first + count);
            code *= 2;
        }
        return -1;
    }

  private:
    std::array<std::uint16_t, kMostBits + 1> counts_{};
    std::array<std::uint16_t, N> symbols_{};
};

constexpr std::size_t kLiterals = 288;
constexpr std::size_t kDistances = 32;
constexpr int kEnd = 256;
constexpr std::array<std::uint16_t, 29> kLength = {3,  4,  5,  6,  7,  8,  9,  10, 11,  13,  15,  17,  19,  23, 27,
                                                   31, 35, 43, 51, 59, 67, 83, 99, 115, 131, 163, 195, 227, 258};
constexpr std::array<std::uint8_t, 29> kLengthBits = {0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2,
                                                      2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0};
constexpr std::array<std::uint16_t, 30> kDistance = {1,    2,    3,    4,    5,    7,    9,    13,    17,    25,
                                                     33,   49,   65,   97,   129,  193,  257,  385,   513,   769,
                                                     1025, 1537, 2049, 3073, 4097, 6145, 8193, 12289, 16385, 24577};
constexpr std::array<std::uint8_t, 30> kDistanceBits = {0, 0, 0, 0, 1, 1, 2, 2,  3,  3,  4,  4,  5,  5,  6,
                                                        6, 7, 7, 8, 8, 9, 9, 10, 10, 11, 11, 12, 12, 13, 13};

class Inflater {
  public:
    Inflater(std::span<const unsigned char> in, std::span<unsigned char> out) noexcept : bits_(in), out_(out) {}

    Inflated run() noexcept {
        for (bool last = false; !last;) {
            last = bits_.take(1) != 0;
            const unsigned kind = bits_.take(2);
            const bool good = kind == 0   ? stored()
                              : kind == 1 ? fixed() && block()
                              : kind == 2 ? dynamic() && block()
                                          : false;
            if (!good || bits_.ended()) {
                return {size_, false};
            }
        }
        return {size_, true};
    }

  private:
    [[nodiscard]] bool put(unsigned char byte) noexcept {
        if (size_ == out_.size()) {
            return false;
        }
        out_[size_++] = byte;
        return true;
    }

    bool stored() noexcept {
        bits_.align();
        const unsigned size = bits_.take(16);
        if (bits_.take(16) != (~size & 0xFFFFU)) {
            return false;
        }
        for (unsigned i = 0; i < size; ++i) {
            const auto byte = static_cast<unsigned char>(bits_.take(8));
            if (bits_.ended() || !put(byte)) {
                return false;
            }
        }
        return true;
    }

    bool fixed() noexcept {
        std::array<std::uint8_t, kLiterals> lengths{};
        std::fill_n(lengths.begin(), 144, std::uint8_t{8});
        std::fill_n(lengths.begin() + 144, 112, std::uint8_t{9});
        std::fill_n(lengths.begin() + 256, 24, std::uint8_t{7});
        std::fill_n(lengths.begin() + 280, 8, std::uint8_t{8});
        std::array<std::uint8_t, 30> distances{};
        distances.fill(5);
        return literals_.set(lengths) && distances_.set(distances);
    }

    bool dynamic() noexcept {
        const std::size_t literals = bits_.take(5) + 257;
        const std::size_t distances = bits_.take(5) + 1;
        const std::size_t codes = bits_.take(4) + 4;
        if (literals > 286 || distances > 30) {
            return false;
        }
        constexpr std::array<std::uint8_t, 19> kOrder = {16, 17, 18, 0, 8,  7, 9,  6, 10, 5,
                                                         11, 4,  12, 3, 13, 2, 14, 1, 15};
        std::array<std::uint8_t, 19> code_lengths{};
        for (std::size_t i = 0; i < codes; ++i) {
            code_lengths[kOrder[i]] = static_cast<std::uint8_t>(bits_.take(3));
        }
        Code<19> code;
        if (!code.set(code_lengths)) {
            return false;
        }
        std::array<std::uint8_t, kLiterals + kDistances> lengths{};
        for (std::size_t i = 0; i < literals + distances;) {
            const int symbol = code.take(bits_);
            if (symbol < 0 || (symbol == 16 && i == 0)) {
                return false;
            }
            if (symbol < 16) {
                lengths[i++] = static_cast<std::uint8_t>(symbol);
                continue;
            }
            const std::uint8_t value = symbol == 16 ? lengths[i - 1] : std::uint8_t{0};
            const std::size_t times = symbol == 16   ? 3 + bits_.take(2)
                                      : symbol == 17 ? 3 + bits_.take(3)
                                                     : 11 + bits_.take(7);
            if (i + times > literals + distances) {
                return false;
            }
            std::fill_n(lengths.begin() + static_cast<std::ptrdiff_t>(i), times, value);
            i += times;
        }
        const std::span<const std::uint8_t> all = lengths;
        return lengths[kEnd] != 0 && literals_.set(all.first(literals)) &&
               distances_.set(all.subspan(literals, distances));
    }

    bool block() noexcept {
        for (;;) {
            const int symbol = literals_.take(bits_);
            if (symbol < 0 || symbol >= kEnd + 1 + static_cast<int>(kLength.size())) {
                return false;
            }
            if (symbol == kEnd) {
                return true;
            }
            if (symbol < kEnd) {
                if (!put(static_cast<unsigned char>(symbol))) {
                    return false;
                }
                continue;
            }
            const auto l = static_cast<std::size_t>(symbol - kEnd - 1);
            const std::size_t length = kLength[l] + bits_.take(kLengthBits[l]);
            const int d = distances_.take(bits_);
            if (d < 0 || d >= static_cast<int>(kDistance.size())) {
                return false;
            }
            const auto from = static_cast<std::size_t>(d);
            const std::size_t distance = kDistance[from] + bits_.take(kDistanceBits[from]);
            if (distance > size_ || bits_.ended()) {
                return false;
            }
            for (std::size_t i = 0; i < length; ++i) {
                if (!put(out_[size_ - distance])) {
                    return false;
                }
            }
        }
    }

    Bits bits_;
    std::span<unsigned char> out_;
    std::size_t size_ = 0;
    Code<kLiterals> literals_;
    Code<kDistances> distances_;
};

}  // namespace

Inflated inflate(std::span<const unsigned char> in, std::span<unsigned char> out) noexcept {
    return Inflater(in, out).run();
}

std::size_t deflate_begin(std::span<const unsigned char> data) noexcept {
    if (data.size() >= 2 && (data[0] & 0x0FU) == 8 && data[0] <= 0x78 && (data[0] * 256U + data[1]) % 31 == 0) {
        return (data[1] & 0x20U) != 0 ? 0 : 2;
    }
    if (data.size() < 10 || data[0] != 0x1F || data[1] != 0x8B || data[2] != 8) {
        return 0;
    }
    const unsigned flags = data[3];
    std::size_t at = 10;
    if ((flags & 4U) != 0) {
        at += data.size() >= at + 2 ? 2U + data[at] + data[at + 1] * 256U : data.size();
    }
    for (const unsigned named : {8U, 16U}) {  // name and comment, each up to a NUL
        while ((flags & named) != 0 && at < data.size() && data[at++] != 0) {
        }
    }
    at += (flags & 2U) != 0 ? 2U : 0U;
    return at < data.size() ? at : 0;
}

}  // namespace fastguard::decoding
