// The gate: a linear model over hashed token ids that decides the clear cases, and what turns scores into
// probabilities.
//
//   window logit of label l = scale * sum(table[id & kGateMask][l]) / sqrt(ids that are not 0) + bias[l] + dense[l] . d
//   logit of the text        = the greatest over its windows
//   probability              = 1 / (1 + exp(-(a * (logit - w * log(windows of the text)) + b - s * brevity)))
//   brevity                  = max(0, 1 - words of the text / kBriefWords)
//
// Every sum over the table is of integers, so the gate gives the same bits on every kernel and thread count.
#pragma once

#include "fastguard/features.h"
#include "fastguard/scratch.h"
#include "fastguard/types.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace fastguard {

using LabelScores = std::array<float, kGateLabels>;

// A text of fewer words is brief: what people write with so few ("Print this page", "You are now logged in") looks like
// an attack for want of anything else in it.
inline constexpr std::size_t kBriefWords = 12;

// How long a text is, as calibration counts: of one window 0, of more the natural logarithm of their number, of fewer
// words than kBriefWords less than 0, down to -1 for none.
[[nodiscard]] inline float length_of(std::size_t windows, std::size_t words) noexcept {
    if (windows > 1) {
        return std::log(static_cast<float>(windows));
    }
    return words < kBriefWords ? static_cast<float>(words) / static_cast<float>(kBriefWords) - 1.0F : 0.0F;
}

// Platt scaling of the greatest logit of a text's windows. The greatest of many is greater by itself: what it owes to
// their number is taken off before. Brief texts have to show more.
struct Calibration {
    float a = 1.0F;
    float b = 0.0F;
    float w = 0.0F;
    float s = 0.0F;
    [[nodiscard]] float operator()(float logit, float length = 0.0F) const noexcept;
    // The same before the logistic function: cheaper, and as good to compare. A longer text has no greater value where
    // both have one window or more; a briefer one never has.
    [[nodiscard]] float scaled(float logit, float length = 0.0F) const noexcept {
        return a * (logit - w * std::max(length, 0.0F)) + b + s * std::min(length, 0.0F);
    }
};

struct Label {
    std::string name;
    std::uint8_t category = 0;
    std::uint8_t sources = kAllSources;  // bit per source; the label counts only for texts of these
    float bias = 0.0F;
    DenseFeatures dense{};
    Calibration gate;   // of the gate's logit
    Calibration model;  // of the ONNX model's logit
    float low = 0.0F;   // the gate decides where its probability is <= low or >= high
    float high = 1.0F;

    // low and high before the logistic function, filled in by Gate.
    float low_scaled = 0.0F;
    float high_scaled = 0.0F;
    // False for a label that only the model knows: its gate says nothing at any score.
    [[nodiscard]] bool gate_speaks() const noexcept { return low > 0.0F || high < 1.0F; }
    [[nodiscard]] bool decided_by(float gate_logit, float length = 0.0F) const noexcept {
        const float scaled = gate.scaled(gate_logit, length);
        return scaled <= low_scaled || scaled >= high_scaled;
    }
    // Whether the gate says no at a length of 0 or more; more windows with no greater logit never make that a yes, nor
    // does it that the text is brief.
    [[nodiscard]] bool refuted_by(float gate_logit, float length = 0.0F) const noexcept {
        return gate.scaled(gate_logit, length) <= low_scaled;
    }
};

// What the gate found in one text or segment.
struct GateResult {
    LabelScores logits{};
    std::size_t windows = 0;
};

// Immutable after construction; shared by all threads.
class Gate {
  public:
    // `table`: kGateBuckets x kGateLabels weights, row-major; row 0 is ignored. Throws BuildError.
    Gate(std::vector<std::int16_t> table, std::vector<Label> labels, float scale);

    [[nodiscard]] std::span<const Label> labels() const noexcept { return labels_; }

    // Whether no text is left to a model.
    [[nodiscard]] bool decides_all() const noexcept;

    // The weights, and those of toxicity beside them, as WordPass takes them; row 0, that of "no feature", is 0.
    [[nodiscard]] GateRows rows() const noexcept;

    // Scores a text by the sums over its words in blocks of kStrideTokens (at least one block). `window_scores` has
    // room for each window of two blocks: how strongly any label speaks there, for choosing what to look at again.
    // Windows for which `silent` (as many, or none) is not 0 do not count; their score is minus infinity. O(blocks).
    [[nodiscard]] GateResult score(std::span<const GateBlock> blocks, const DenseFeatures& dense, float* window_scores,
                                   std::span<const std::uint8_t> silent = {}) const noexcept;

  private:
    std::vector<std::int16_t> table_;
    std::vector<Label> labels_;
    std::array<LabelScores, kDenseFeatures> dense_{};  // weights of the labels, a row a feature
    LabelScores biases_{};
    float scale_;
};

// Copies window `window` of a text's ids as int32, padded with 0. `out` holds kWindowIds values.
void window_ids(std::span<const std::uint16_t> ids, std::size_t window, std::int32_t* out) noexcept;

}  // namespace fastguard
