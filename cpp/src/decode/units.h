// Text in units of 16 bits, found in bytes: which way round, and whether it is text of other scripts at all.
#pragma once

#include "codes.h"

#include "utf8_decode.h"

#include <array>
#include <cstddef>
#include <cstdint>

namespace fastguard::decoding {

// Tells text from noise by its units: nearly all are of one alphabet (with ASCII, marks and blanks), or all are Chinese
// and Japanese, or Korean. Any other script's letters are valid units, so validity says nothing.
class UnitMeter {
  public:
    static constexpr std::size_t kLeast = 10;   // units
    static constexpr std::size_t kEnough = 64;  // that are looked at

    void add(unsigned unit) noexcept {
        ++all_;
        const unsigned block = unit >> 8U;
        const bool ascii = (unit >= 0x20 && unit < 0x7F) || unit == '\n' || unit == '\t' || unit == '\r';
        if (ascii || block == 0x20 || (block >= 0xD8 && block < 0xE0)) {
            ++shared_;
        } else if (block < blocks_.size()) {
            ++blocks_[block];
            ++alphabets_;
        } else if (block == 0x30 || (block >= 0x4E && block < 0xA0) || block == 0xFF) {
            ++chinese_;
        } else if (block >= 0xAC && block < 0xD8) {
            ++korean_;
        }
    }
    [[nodiscard]] std::size_t count() const noexcept { return all_; }
    // Whether the units so far may be of `all` that are text; not for `all` below kLeast.
    [[nodiscard]] bool may_be_text(std::size_t all) const noexcept {
        const std::size_t other = all_ - shared_;
        return (other - alphabets_) * 10 <= all || other == chinese_ || other == korean_;
    }
    // Whether it is text in Latin letters, with marks or without; never where may_be_text says no.
    [[nodiscard]] bool is_latin() const noexcept {
        return all_ >= kLeast && (shared_ + blocks_[0]) * 50 >= all_ * 49 && shared_ * 4 >= all_ * 3;
    }
    [[nodiscard]] bool is_text() const noexcept {
        const std::size_t most = *std::max_element(blocks_.begin() + 1, blocks_.end());
        const auto covers = [this](std::size_t own, std::size_t share) {
            return own * 2 >= all_ && (own + shared_) * 10 >= all_ * share;
        };
        return all_ >= kLeast && (covers(most, 9) || covers(chinese_, 10) || covers(korean_, 10));
    }

  private:
    std::array<std::size_t, 0x20> blocks_{};  // by high byte: alphabets have one each, or two
    std::size_t alphabets_ = 0;               // in all of those
    std::size_t shared_ = 0;
    std::size_t chinese_ = 0;
    std::size_t korean_ = 0;
    std::size_t all_ = 0;
};

// Both ways round at once, for bytes that come one by one, as long as either may be text.
class UnitMeters {
  public:
    // `most`: units that may come.
    explicit UnitMeters(std::size_t most) noexcept : most_(most) {}

    // False where what follows cannot change that neither is text.
    bool add(unsigned char byte) noexcept {
        if (before_ == kNone) {
            before_ = byte;
            return true;
        }
        big_.add(before_ << 8U | byte);
        little_.add(before_ | unsigned{byte} << 8U);
        before_ = kNone;
        return big_.count() < most_ && (big_.may_be_text(most_) || little_.may_be_text(most_));
    }
    // `latin_alone`: of Latin letters.
    [[nodiscard]] bool are_text(bool latin_alone) const noexcept {
        return big_.is_latin() || little_.is_latin() || (!latin_alone && (big_.is_text() || little_.is_text()));
    }

  private:
    static constexpr unsigned kNone = 256;
    UnitMeter big_;
    UnitMeter little_;
    std::size_t most_;
    unsigned before_ = kNone;
};

// Gives sink(byte, begin, end) for the UTF-8 of the units that `produce` gives the bytes of. `big`: the high byte comes
// first.
template <class Produce, class Sink>
void produce_units(const Produce& produce, bool big, const Sink& sink) {
    struct Half {
        unsigned value = 0;
        std::size_t begin = 0;
        bool there = false;
    };
    Half half;
    Half high;  // surrogate
    const auto put = [&sink](char32_t cp, std::size_t begin, std::size_t end) {
        char utf8[4];
        const std::size_t size = utf8::encode(cp, utf8);
        for (std::size_t i = 0; i < size; ++i) {
            sink(static_cast<unsigned char>(utf8[i]), begin, end);
        }
    };
    produce([&](unsigned char byte, std::size_t begin, std::size_t end) {
        if (!half.there) {
            half = {byte, begin, true};
            return;
        }
        const unsigned unit = big ? half.value << 8U | byte : half.value | unsigned{byte} << 8U;
        half.there = false;
        if (unit >= 0xD800 && unit < 0xDC00) {
            high = {unit, half.begin, true};
        } else if (unit >= 0xDC00 && unit < 0xE000) {
            if (high.there) {
                put(0x10000 + ((high.value - 0xD800) << 10U) + (unit - 0xDC00), high.begin, end);
            }
            high.there = false;
        } else {
            high.there = false;
            put(unit, half.begin, end);
        }
    });
}

// Whether the first units of what `produce` gives are text of a script beyond Latin, or of Latin letters (of
// those alone, if asked so: letters of ASCII, two at a time, would be Chinese).
template <class Produce>
[[nodiscard]] bool are_units(const Produce& produce, bool big, bool latin_alone = false) {
    UnitMeter meter;
    unsigned before = 256;
    produce([&](unsigned char byte, std::size_t, std::size_t) {
        if (before == 256) {
            before = byte;
        } else {
            if (meter.count() < UnitMeter::kEnough) {
                meter.add(big ? before << 8U | byte : before | unsigned{byte} << 8U);
            }
            before = 256;
        }
    });
    return meter.is_latin() || (!latin_alone && meter.is_text());
}

// Keeps what the bytes say as units of 16 bits, either way round; whether they did.
template <class Produce, class Finish = NothingMore>
bool keep_units(const Job& job, ViewKind kind, const Produce& produce, const Finish& finish = {}) {
    for (const bool big : {false, true}) {
        const auto in_utf8 = [&](auto&& sink) { produce_units(produce, big, sink); };
        if (are_units(produce, big) && keep(job, kind, measure(UnitMeter::kLeast, in_utf8), in_utf8, finish)) {
            return true;
        }
    }
    return false;
}

}  // namespace fastguard::decoding
