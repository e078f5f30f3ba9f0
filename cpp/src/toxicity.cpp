#include "toxicity.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

namespace fastguard {
namespace {

constexpr std::size_t kBlockIds = kStrideTokens * kFeatureSlots;
constexpr float kAtCut = 1.7346011F;  // log-odds of 0.85, from which a text is at level 2
constexpr float kMost = 0.94F;        // below 0.95, that of level 1

// Four ids are masked at once; which of them comes first does not matter to a sum.
constexpr std::uint64_t kMasks = kGateMask * 0x0001'0001'0001'0001ULL;

std::int32_t sum_of(std::span<const std::uint16_t> ids) noexcept {
    std::int32_t sum = 0;
    const std::uint16_t* id = ids.data();
    const std::uint16_t* const end = id + ids.size();
    for (; end - id >= 4; id += 4) {
        std::uint64_t four = 0;
        std::memcpy(&four, id, sizeof four);
        four &= kMasks;
        sum += kToxicityWeights[four & 0xFFFFU] + kToxicityWeights[four >> 16U & 0xFFFFU] +
               kToxicityWeights[four >> 32U & 0xFFFFU] + kToxicityWeights[four >> 48U];
    }
    for (; id != end; ++id) {
        sum += kToxicityWeights[*id & kGateMask];
    }
    return sum;
}

}  // namespace

float toxicity_logit(std::span<const std::uint16_t> ids, std::span<const GateBlock> blocks,
                     std::span<const std::uint8_t> silent) noexcept {
    float best = -std::numeric_limits<float>::infinity();
    const auto block_sum = [ids](std::size_t block) {
        const std::size_t begin = std::min(ids.size(), block * kBlockIds);
        return sum_of(ids.subspan(begin, std::min(kBlockIds, ids.size() - begin)));
    };
    const std::size_t windows = blocks.size() < 2 ? 1 : blocks.size() - 1;
    std::int32_t first = block_sum(0);
    for (std::size_t w = 0; w < windows; ++w) {
        const bool two = w + 1 < blocks.size();
        const std::int32_t second = two ? block_sum(w + 1) : 0;
        const std::uint32_t count = blocks[w].count + (two ? blocks[w + 1].count : 0U);
        if (silent.empty() || silent[w] == 0) {
            const float factor = count == 0 ? 0.0F : kToxicityScale / std::sqrt(static_cast<float>(count));
            best = std::max(best, factor * static_cast<float>(first + second) + kToxicityBias);
        }
        first = second;
    }
    return best;
}

float toxicity_score(float logit) noexcept {
    return std::min(kMost, 1.0F / (1.0F + std::exp(kToxicityCut - kAtCut - logit)));
}

}  // namespace fastguard
