// What a check found, as plain values; the bindings make the caller's Verdict of it.
#pragma once

#include "fastguard/gate.h"
#include "fastguard/text.h"
#include "fastguard/types.h"

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace fastguard {

inline constexpr std::size_t kMostDecodedText = 256;  // bytes that are kept of what a disguise says

struct Finding {
    std::uint32_t signature = 0;  // index in the pack
    ViewKind view = ViewKind::raw;
    bool mention = false;      // talked about, not said (mention.h)
    bool supported = false;    // by a word of its context (identifiers.h)
    std::uint32_t detail = 0;  // of a protected text: which (protected.h)
    TextPlace begin;
    TextPlace end;
    std::uint32_t decoded_begin = 0;  // in CheckResult::decoded
    std::uint32_t decoded_size = 0;   // bytes, at most kMostDecodedText; 0: what was found stands in the text itself

    bool operator==(const Finding&) const = default;
};

struct CategoryResult {
    float score = 0.0F;      // calibrated probability, in steps of 1 / 10,000
    std::uint8_t level = 0;  // 1 confident .. 5 unlikely; 0: the category did not come up

    bool operator==(const CategoryResult&) const = default;
};

// Limits that were reached and parts that could not run, as bits.
enum class Truncated : std::uint8_t {
    max_bytes = 1,
    max_findings = 2,
    deep_windows = 4,
    decode_budget = 8,
    stream_window = 16,
    budget_us = 32
};
enum class Degraded : std::uint8_t { model = 1, memory = 2, scanner = 4 };

// Windows of a text that the gate could not decide, most suspicious first picked; what the ONNX model is given.
inline constexpr std::size_t kModelWindows = 16;

struct CheckResult {
    Action action = Action::allow;
    Depth tier = Depth::gate;  // the deepest that had a say
    float score = 0.0F;        // greatest of the categories
    std::uint8_t level = 5;    // least of the categories
    std::uint8_t truncated = 0;
    std::uint8_t degraded = 0;
    std::uint32_t invalid = 0;  // units that are no valid text: bad UTF-8 bytes, lone surrogates
    bool undecided = false;     // the gate leaves it to the model
    bool open = false;          // and that, or a gate without a model, to the deep tier
    std::array<CategoryResult, kCategoryCount> categories{};
    std::vector<Finding> findings;  // by place
    std::string decoded;            // what findings in disguises say once these are undone; see `decoded_of`
    LabelScores gate_logits{};      // of the whole text
    LabelScores model_logits{};     // where the tier is fast or deep and a model had a say
    std::uint32_t gate_windows = 0;
    std::uint32_t gate_words = 0;     // of the longest part that was scored by itself
    std::uint64_t milli_tokens = 0;   // of what was read, where the policy limits them
    std::uint64_t counted_bytes = 0;  // of the text, of which those are
    bool over_tokens = false;         // the limit is passed and said to be
    // Where a text may only talk about what it quotes (mention.h): what it comes to without the quotations.
    bool framed = false;
    std::uint32_t framed_windows = 0;  // which of the windows kept are of what is left, a bit each
    std::uint32_t talked_about = 0;    // categories that the quotations alone would be flagged for, a bit each
    LabelScores left_logits{};         // the gate's, of what is left; none is greater than in gate_logits
    std::uint32_t said_words = 0;      // gate_words of the text as it stands
    std::uint32_t left_words = 0;      // and of what is left
    float toxicity = 0.0F;       // logit of the learned score of toxicity; minus infinity where nothing is learned
    bool unseen = false;         // a flood of matches kept the check from looking at others of their kind
    bool untimed = false;        // set by who must see all of a text: no limit on time counts; `clear` leaves it
    bool entities_only = false;  // set by who replaces them: nothing else is looked for; `clear` leaves it
    std::int64_t spent_ns = 0;   // by segments that are read, where the policy limits it
    std::int64_t until_ns = 0;   // of the clock, for the segment that is being read; 0: no limit

    // Only where undecided:
    std::vector<std::int32_t> window_ids;  // kWindowIds a window
    std::vector<float> window_dense;       // kDenseFeatures a window
    std::vector<float> window_scores;      // how strongly the gate spoke

    void clear() noexcept;
    // How long the text is, as the calibration of its scores counts.
    [[nodiscard]] float length() const noexcept { return length_of(gate_windows, gate_words); }
    // What was found by one of the findings, as it reads once its disguise is undone; empty where there was none. Bytes
    // that a code gave, valid UTF-8 or not.
    [[nodiscard]] std::string_view decoded_of(const Finding& finding) const noexcept {
        return std::string_view(decoded).substr(finding.decoded_begin, finding.decoded_size);
    }
    void set(Truncated limit) noexcept { truncated |= static_cast<std::uint8_t>(limit); }
    void set(Degraded part) noexcept { degraded |= static_cast<std::uint8_t>(part); }
    [[nodiscard]] bool has(Truncated limit) const noexcept {
        return (truncated & static_cast<std::uint8_t>(limit)) != 0;
    }
    [[nodiscard]] bool has(Degraded part) const noexcept { return (degraded & static_cast<std::uint8_t>(part)) != 0; }
};

}  // namespace fastguard
