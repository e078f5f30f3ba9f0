// Runs of the letters of a code, and which of them were decoded already.
#pragma once

#include <array>
#include <cstddef>
#include <functional>
#include <string_view>

namespace fastguard::decoding {

// Bytes [begin, end) of the text.
struct Run {
    std::size_t begin;
    std::size_t end;
};

// A run, its lines included, and the word in it that is looked at.
struct Around {
    Run word;
    Run line;
    Run run;
};
// Runs that were decoded, the latest of each hash: the same bytes once more say nothing new, and floods are full of
// them.
class Decoded {
  public:
    explicit Decoded(std::string_view text) noexcept : text_(text) {}

    // Where the run ends, by the same one before; 0 where there was none: then `keep` what becomes of it.
    [[nodiscard]] std::size_t find(const Around& around) noexcept {
        const Run& run = around.run;
        const std::string_view bytes = text_.substr(run.begin, run.end - run.begin);
        place_ = &kept_[std::hash<std::string_view>{}(bytes) % kept_.size()];
        const Around& before = place_->around;
        const bool same = place_->end != 0 &&
                          text_.substr(before.run.begin, before.run.end - before.run.begin) == bytes &&
                          before.word.begin - before.run.begin == around.word.begin - run.begin &&
                          before.word.end - before.run.begin == around.word.end - run.begin;
        return same ? place_->end - before.run.begin + run.begin : 0;
    }
    void keep(const Around& around, std::size_t end) noexcept { *place_ = {around, end}; }

  private:
    struct Kept {
        Around around;
        std::size_t end;
    };
    std::string_view text_;
    std::array<Kept, 16> kept_{};
    Kept* place_ = nullptr;
};

}  // namespace fastguard::decoding
