// Where groups for the squeezed view may begin, found by masks: a few places of a text in words, 64 bytes at a time.
#pragma once

#include "fastguard/reading.h"

#include <bit>
#include <cstddef>
#include <cstdint>

namespace fastguard::views {

// Tokens of an ASCII reading at which a group may begin:
// - long ones, of kLong bytes or more;
// - letters that stand alone, with another such letter at most kReach bytes further on;
// - short ones, of four bytes or less, with one character that is no space between them and the next word.
// In order; each is given once. O(size / 64) and a few instructions for each place.
class Places {
  public:
    static constexpr std::size_t kLong = 12;
    static constexpr std::size_t kReach = 9;

    explicit Places(const Reading& reading) noexcept
        : masks_(reading.folded_masks), size_(reading.folded.bytes.size()), count_(reading.tokens.size()) {
        load();
    }

    // The first such token at or behind `from`, which never goes back; the number of tokens where there is none.
    std::size_t next(std::size_t from) noexcept {
        for (;;) {
            while (found_ == 0) {
                before_ += static_cast<std::size_t>(std::popcount(starts_));
                ++block_;
                if (block_ * 64 >= size_) {
                    return count_;
                }
                load();
            }
            const std::uint64_t bit = found_ & (~found_ + 1);
            found_ ^= bit;
            const std::size_t index = before_ + static_cast<std::size_t>(std::popcount(starts_ & (bit - 1)));
            if (index >= from) {
                return index;
            }
        }
    }

  private:
    // Bits of this block and of the next one.
    struct Pair {
        std::uint64_t here;
        std::uint64_t next;

        // Bit i: the bit `by` places further on; 0 < by < 64.
        [[nodiscard]] std::uint64_t ahead(unsigned by) const noexcept { return here >> by | next << (64U - by); }
        // Bit i: this one and the `by` next ones, where `this` says so of itself and of fewer.
        [[nodiscard]] Pair also(unsigned by) const noexcept { return {here & ahead(by), next & next >> by}; }
    };

    [[nodiscard]] Pair at(const std::uint64_t* mask) const noexcept {
        return {mask[block_], (block_ + 1) * 64 < size_ ? mask[block_ + 1] : 0};
    }

    void load() noexcept {
        if (size_ == 0) {
            return;
        }
        const Pair word = at(masks_.word);
        const Pair space = at(masks_.space);
        const std::uint64_t behind = block_ > 0 ? masks_.word[block_ - 1] >> 63U : 0;
        starts_ = word.here & ~(word.here << 1U | behind);
        const Pair eight = word.also(1).also(2).also(4);
        const std::uint64_t longs = eight.here & eight.ahead(4);
        const Pair alone = {starts_ & ~word.ahead(1),
                            word.next & ~(word.next << 1U | word.here >> 63U) & ~(word.next >> 1U)};
        found_ = starts_ & (longs | (alone.here & near(alone)) | parted(word, space));
    }

    // Bit i: another letter that stands alone begins 2 to kReach bytes further on.
    [[nodiscard]] static std::uint64_t near(const Pair& alone) noexcept {
        if ((alone.here & (alone.here - 1)) == 0 && alone.next == 0) {
            return 0;
        }
        std::uint64_t near = 0;
        for (unsigned by = 2; by <= kReach; ++by) {
            near |= alone.ahead(by);
        }
        return near;
    }

    // Bit i: if a word begins here, it has up to four bytes, then comes one that is no space, then a word.
    [[nodiscard]] static std::uint64_t parted(const Pair& word, const Pair& space) noexcept {
        const Pair mark = {~word.here & ~space.here, ~word.next & ~space.next};
        const Pair joint = {mark.here & word.ahead(1), mark.next & word.next >> 1U};
        return joint.ahead(1) |
               (word.ahead(1) &
                (joint.ahead(2) | (word.ahead(2) & (joint.ahead(3) | (word.ahead(3) & joint.ahead(4))))));
    }

    const ByteMasks& masks_;
    std::size_t size_;
    std::size_t count_;
    std::size_t block_ = 0;
    std::size_t before_ = 0;    // tokens that begin in earlier blocks
    std::uint64_t starts_ = 0;  // of tokens in this block
    std::uint64_t found_ = 0;   // of those that are still to be given
};

}  // namespace fastguard::views
