#include "fastguard/gate.h"

#include "fastguard/error.h"
#include "toxicity.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

namespace fastguard {
namespace {

constexpr std::size_t kBlockIds = kStrideTokens * kFeatureSlots;
constexpr std::size_t kFour = 4;
using Four = float __attribute__((vector_size(kFour * sizeof(float))));
static_assert(kGateLabels % kFour == 0);

float inverse_logistic(float probability) noexcept {
    constexpr float kInfinity = std::numeric_limits<float>::infinity();
    if (probability <= 0.0F || probability >= 1.0F) {
        return probability <= 0.0F ? -kInfinity : kInfinity;
    }
    return std::log(probability / (1.0F - probability));
}

}  // namespace

float Calibration::operator()(float logit, float length) const noexcept {
    return 1.0F / (1.0F + std::exp(-scaled(logit, length)));
}

Gate::Gate(std::vector<std::int16_t> table, std::vector<Label> labels, float scale)
    : table_(std::move(table)), labels_(std::move(labels)), scale_(scale) {
    if (table_.size() != kGateBuckets * kGateLabels) {
        throw BuildError("the gate's table has " + std::to_string(table_.size()) + " weights, expected " +
                             std::to_string(kGateBuckets * kGateLabels),
                         "gate", "table");
    }
    if (labels_.empty() || labels_.size() > kGateLabels) {
        throw BuildError(
            "expected 1 to " + std::to_string(kGateLabels) + " labels, found " + std::to_string(labels_.size()), "gate",
            "labels");
    }
    for (Label& label : labels_) {
        label.low_scaled = inverse_logistic(label.low);
        label.high_scaled = inverse_logistic(label.high);
    }
    for (std::size_t l = 0; l < labels_.size(); ++l) {
        biases_[l] = labels_[l].bias;
        for (std::size_t d = 0; d < kDenseFeatures; ++d) {
            dense_[d][l] = labels_[l].dense[d];
        }
    }
    std::fill_n(table_.begin(), kGateLabels, std::int16_t{0});  // the row of "no feature"
    if (labels_.size() <= kFewLabels) {
        for (std::size_t row = 1; row < kGateBuckets; ++row) {
            std::copy_n(table_.begin() + static_cast<std::ptrdiff_t>(row * kGateLabels), kFewLabels,
                        table_.begin() + static_cast<std::ptrdiff_t>(row * kFewLabels));
        }
        table_.resize(kGateBuckets * kFewLabels);
        table_.shrink_to_fit();
    }
}

GateRows Gate::rows() const noexcept {
    return {table_.data(), kGateMask, static_cast<std::uint16_t>(table_.size() / kGateBuckets), kToxicityWeights};
}

bool Gate::decides_all() const noexcept {
    return std::all_of(labels_.begin(), labels_.end(), [](const Label& label) { return label.low > 1.0F; });
}

GateResult Gate::score(std::span<const GateBlock> blocks, const DenseFeatures& dense, float* window_scores,
                       std::span<const std::uint8_t> silent) const noexcept {
    // Four labels at once, each sum in the order of the features.
    LabelScores base = biases_;
    for (std::size_t first = 0; first < labels_.size(); first += kFour) {
        Four sum{};
        std::memcpy(&sum, &base[first], sizeof sum);
        for (std::size_t d = 0; d < kDenseFeatures; ++d) {
            Four weights{};
            std::memcpy(&weights, &dense_[d][first], sizeof weights);
            sum += weights * dense[d];
        }
        std::memcpy(&base[first], &sum, sizeof sum);
    }

    GateResult result;
    const std::size_t windows = blocks.size() < 2 ? 1 : blocks.size() - 1;
    result.logits.fill(-std::numeric_limits<float>::infinity());
    for (std::size_t w = 0; w < windows; ++w) {
        if (!silent.empty() && silent[w] != 0) {
            window_scores[w] = -std::numeric_limits<float>::infinity();
            continue;
        }
        ++result.windows;
        const GateBlock& first = blocks[w];
        const GateBlock* second = w + 1 < blocks.size() ? &blocks[w + 1] : nullptr;
        const std::uint32_t count = first.count + (second == nullptr ? 0 : second->count);
        const float factor = count == 0 ? 0.0F : scale_ / std::sqrt(static_cast<float>(count));
        float strongest = -std::numeric_limits<float>::infinity();
        for (std::size_t l = 0; l < labels_.size(); ++l) {
            const std::int32_t sum = first.sums[l] + (second == nullptr ? 0 : second->sums[l]);
            const float logit = base[l] + factor * static_cast<float>(sum);
            result.logits[l] = std::max(result.logits[l], logit);
            strongest = std::max(strongest, labels_[l].gate.scaled(logit));
        }
        window_scores[w] = strongest;
    }
    return result;
}

void window_ids(std::span<const std::uint16_t> ids, std::size_t window, std::int32_t* out) noexcept {
    const std::size_t begin = std::min(ids.size(), window * kBlockIds);
    const std::size_t count = std::min(kWindowIds, ids.size() - begin);
    for (std::size_t i = 0; i < count; ++i) {
        out[i] = ids[begin + i];
    }
    std::fill(out + count, out + kWindowIds, 0);
}

}  // namespace fastguard
