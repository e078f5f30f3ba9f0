// Where the matches of one segment go: checked, mapped to the caller's text, and kept once each.
#pragma once

#include "fastguard/engine.h"

#include <optional>

namespace fastguard {

// Most findings of one signature in a segment, and of one that is to be redacted.
inline constexpr std::uint32_t kMaxPerSignature = 512;
inline constexpr std::uint32_t kMaxPerEntity = 8192;

class Engine::Collector {
  public:
    // Findings of `segment`, of which `reading` is the reading; of `scratch` what tells mentions and keeps count is
    // used.
    Collector(const Engine& engine, const Segment& segment, const Reading& reading, std::uint8_t source,
              Scratch& scratch, CheckResult& result) noexcept
        : engine_(engine),
          segment_(segment),
          root_(reading),
          source_bit_(static_cast<std::uint8_t>(1U << source)),
          phrases_(scratch.phrases),
          collect_(scratch.collect),
          result_(result),
          first_(result.findings.size()),
          reading_(&reading) {}
    ~Collector();
    Collector(const Collector&) = delete;
    Collector& operator=(const Collector&) = delete;

    // Keeps up to `most` findings, whatever the policy says.
    void keep(std::size_t most) noexcept { most_ = most; }

    // From now on matches are in the text of child `index`, of which `reading` is the reading.
    void enter(std::size_t index, const Children& children, const Reading& reading) noexcept {
        index_ = index;
        children_ = &children;
        reading_ = &reading;
    }

    [[nodiscard]] bool wants(std::uint32_t signature) const noexcept {
        return (source_bits()[signature] & source_bit_) != 0;
    }
    // Per signature: the sources that it is looked for in.
    [[nodiscard]] std::span<const std::uint8_t> source_bits() const noexcept {
        return result_.entities_only ? engine_.entity_bits_ : engine_.source_bits_;
    }
    // Whether signatures of this kind may match in the text that is being looked at.
    [[nodiscard]] bool asks(SignatureKind kind) const noexcept {
        return children_ == nullptr || engine_.pack_->asks(child_view(), kind);
    }
    // The phrases that may match in its folded view, or in its skeleton.
    [[nodiscard]] const PhraseMatcher& phrases(bool skeleton) const noexcept;
    // The view that a finding in a view of the text is reported for.
    [[nodiscard]] ViewKind shown(ViewKind view) const noexcept { return children_ == nullptr ? view : child_view(); }
    // The same for a pattern or candidate, which may ask for the raw bytes or the folded ones; nothing where it may not
    // match there. `both`: the raw bytes stand for the folded ones as well.
    [[nodiscard]] std::optional<ViewKind> shown(const SignatureSpec& spec, ViewKind view, bool both) const noexcept;

    // A match of `signature` at bytes [begin, end) of `view`, `end` > `begin`.
    void add(std::uint32_t signature, const View& view, ViewKind shown, std::size_t begin, std::size_t end,
             bool supported = false, std::uint32_t detail = 0);

    // Maps what this segment gave to places in the text, in order, without what the segment before gave already.
    // Throws std::bad_alloc.
    void finish();

    [[nodiscard]] std::uint8_t source_bit() const noexcept { return source_bit_; }
    CheckResult& result() noexcept { return result_; }
    // There was more of a kind than is looked at.
    void flooded() noexcept {
        result_.set(Truncated::max_findings);
        result_.unseen = true;
    }

  private:
    [[nodiscard]] ViewKind child_view() const noexcept { return (*children_)[index_].kind; }
    // Bytes of the text that is being looked at as bytes of the segment.
    [[nodiscard]] RawSpan in_segment(const RawSpan& span) const noexcept;
    // Whether `other` makes `finding` superfluous: same category, covers it, and is the more specific of the two.
    [[nodiscard]] bool covers(const Finding& other, const Finding& finding) const noexcept;
    [[nodiscard]] bool allowed(std::uint32_t signature, const Reading& reading, const RawSpan& span) const noexcept;
    // Whether a finding of this segment has the same signature and touches the place. O(kMaxPerSignature).
    [[nodiscard]] bool known(std::uint32_t signature, const RawSpan& span) const noexcept;
    // How many findings of the signature this segment has. Throws std::bad_alloc.
    [[nodiscard]] std::uint32_t& count(std::uint32_t signature);
    [[nodiscard]] std::uint32_t per_signature() const noexcept {
        return result_.entities_only ? kMaxPerEntity : kMaxPerSignature;
    }
    [[nodiscard]] bool is_mention(const Reading& reading, const RawSpan& span) const;
    // Takes what touches a mention for one, too.
    void spread_mentions();
    // Takes out findings that lie inside one which says more of the same place; the segment's are in order of place.
    void keep_most_specific();
    // Takes out what the segment before gave already.
    void forget_seen();
    // Takes out what is more than the policy has reported; the first finding of a signature that is no mention stays,
    // so that a flood of others hides nothing.
    void keep_limit();
    // Says so where the segment had more findings of a signature than are kept, all of them mentions: one behind them
    // may be none.
    void tell_floods() noexcept;
    // Puts what findings in disguises say into the result. Until then they name places in the store of the children.
    void keep_decoded();
    // The same for what the hidden characters in bytes [begin, end) of the segment say.
    void keep_hidden(std::size_t begin, std::size_t end);

    const Engine& engine_;
    const Segment& segment_;
    const Reading& root_;
    std::uint8_t source_bit_;
    PhraseScratch& phrases_;
    CollectScratch& collect_;
    CheckResult& result_;
    std::size_t first_;
    std::size_t most_ = engine_.policy_.max_findings;
    const Reading* reading_;              // of the text that is being looked at
    const Children* children_ = nullptr;  // null: that is the segment
    std::size_t index_ = 0;
    bool counting_ = false;  // `collect_` is of this segment
    bool flooded_ = false;   // by one signature
    bool finished_ = false;
};

}  // namespace fastguard
