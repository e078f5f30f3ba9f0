// Where the matches of one segment go: checked, mapped to the caller's text, and kept once each.
#pragma once

#include "fastguard/engine.h"

namespace fastguard {

// Most findings of one signature in one view of a segment.
inline constexpr std::size_t kMaxPerSignature = 100;

class Engine::Collector {
  public:
    Collector(const Engine& engine, const Segment& segment, std::uint8_t source, CheckResult& result) noexcept
        : engine_(engine),
          segment_(segment),
          source_bit_(static_cast<std::uint8_t>(1U << source)),
          result_(result),
          first_(result.findings.size()) {}

    // Keeps up to `most` findings, whatever the policy says.
    void keep(std::size_t most) noexcept { most_ = most; }

    void set_reading(const Reading& reading) noexcept { reading_ = &reading; }

    [[nodiscard]] bool wants(std::uint32_t signature) const noexcept {
        return (engine_.source_bits_[signature] & source_bit_) != 0;
    }

    // A match of `signature` at bytes [begin, end) of `view`, `end` > `begin`.
    void add(std::uint32_t signature, const View& view, ViewKind shown, std::size_t begin, std::size_t end);

    // Marks the findings of this segment that are mentions.
    void mark_mentions(PhraseScratch& scratch);

    // Takes out findings that lie inside one which says more of the same place; the segment's are in order of place.
    void keep_most_specific();

    // Maps what this segment gave to places in the text, in order, without what the segment before gave already.
    void finish();

    [[nodiscard]] bool full() const noexcept { return result_.findings.size() >= most_; }
    CheckResult& result() noexcept { return result_; }

  private:
    // Whether `other` makes `finding` superfluous: same category, covers it, and is the more specific of the two.
    [[nodiscard]] bool covers(const Finding& other, const Finding& finding) const noexcept;
    [[nodiscard]] bool allowed(std::uint32_t signature, const RawSpan& span) const noexcept;
    [[nodiscard]] bool known(std::uint32_t signature, const RawSpan& span) const noexcept;

    const Engine& engine_;
    const Segment& segment_;
    std::uint8_t source_bit_;
    CheckResult& result_;
    std::size_t first_;
    std::size_t most_ = engine_.policy_.max_findings;
    const Reading* reading_ = nullptr;
};

}  // namespace fastguard
