// The deep tier as the engine sees it: what its answers mean, and which texts it is asked about.
//
// A deep model (Python, ONNX) gives logits per label for a whole text. It is asked where the policy's depth is "deep"
// and the tiers before it leave a category in its band; its answer then stands for every category that it speaks of,
// but for those where the tiers before it were sure.
#pragma once

#include "fastguard/gate.h"
#include "fastguard/types.h"

#include <array>
#include <cstdint>
#include <string>
#include <vector>

namespace fastguard {

struct DeepLabel {
    std::string name;
    std::uint8_t category = 0;
    std::uint8_t sources = kAllSources;  // bit per source; the label counts only for texts of these
    Calibration calibration;             // of logit + share * the log-odds of label `fast` of the model before it
    std::int32_t fast = -1;              // -1: none
    float share = 0.0F;
};

// Probabilities of the tiers before, between which the deep tier is asked.
struct DeepBand {
    float low = 2.0F;
    float high = 2.0F;
    [[nodiscard]] bool holds(float probability) const noexcept { return probability > low && probability < high; }
};

// Immutable once an engine has it.
struct DeepTier {
    std::vector<DeepLabel> labels;
    std::array<DeepBand, kCategoryCount> bands{};
};

}  // namespace fastguard
