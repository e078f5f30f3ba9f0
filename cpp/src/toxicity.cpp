#include "toxicity.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace fastguard {
namespace {

constexpr float kAtCut = 1.7346011F;  // log-odds of 0.85, from which a text is at level 2
constexpr float kMost = 0.94F;        // below 0.95, that of level 1

}  // namespace

float toxicity_logit(std::span<const GateBlock> blocks, std::span<const std::uint8_t> silent) noexcept {
    float best = -std::numeric_limits<float>::infinity();
    const std::size_t windows = blocks.size() < 2 ? 1 : blocks.size() - 1;
    for (std::size_t w = 0; w < windows; ++w) {
        const GateBlock* second = w + 1 < blocks.size() ? &blocks[w + 1] : nullptr;
        const std::uint32_t count = blocks[w].count + (second == nullptr ? 0U : second->count);
        const std::int32_t sum = blocks[w].toxicity + (second == nullptr ? 0 : second->toxicity);
        if (silent.empty() || silent[w] == 0) {
            const float factor = count == 0 ? 0.0F : kToxicityScale / std::sqrt(static_cast<float>(count));
            best = std::max(best, factor * static_cast<float>(sum) + kToxicityBias);
        }
    }
    return best;
}

float toxicity_score(float logit) noexcept {
    return std::min(kMost, 1.0F / (1.0F + std::exp(kToxicityCut - kAtCut - logit)));
}

}  // namespace fastguard
