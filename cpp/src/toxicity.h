// The learned score of toxicity: a linear model over the words of a text, whose weights training/toxicity.py makes.
//
//   window logit = scale * sum(weight[id & kGateMask]) / sqrt(ids that are not 0) + bias
//   logit of the text = the greatest over its windows, which are the gate's
//
// Sums are of integers: the same bits everywhere. It flags and never blocks, and without a model it says nothing.
#pragma once

#include "fastguard/gate.h"

#include <cstdint>
#include <span>

namespace fastguard {

// One a bucket of the ids; that of id 0, which is no feature, is 0.
extern const std::int8_t kToxicityWeights[kGateBuckets];
extern const float kToxicityScale;
extern const float kToxicityBias;
extern const float kToxicityCut;  // the logit from which the default policy flags

// The logit of a text, of the windows that are not `silent` (as many as windows, or none); minus infinity where all
// are. `blocks` are those that a pass over words with a gate's rows gives. O(blocks).
[[nodiscard]] float toxicity_logit(std::span<const GateBlock> blocks, std::span<const std::uint8_t> silent) noexcept;

// The score of a logit, 0 to 0.94: from kToxicityCut it is at level 2 of a policy's own cuts, and never at level 1.
[[nodiscard]] float toxicity_score(float logit) noexcept;

}  // namespace fastguard
