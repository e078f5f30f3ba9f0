// What the engine does with a deep tier: when it is asked, and what its answer changes.
#include "fastguard/engine.h"

#include <algorithm>

namespace fastguard {

bool Engine::counts(const DeepLabel& label, std::uint8_t source) noexcept {
    return (label.sources >> source & 1U) != 0;
}

bool Engine::leaves_to_deep(const Probabilities& learned, std::uint8_t source) const noexcept {
    if (policy_.depth != Depth::deep || deep_ == nullptr) {
        return false;
    }
    return std::any_of(deep_->labels.begin(), deep_->labels.end(), [&](const DeepLabel& label) {
        return counts(label, source) &&
               (gate_ == nullptr || deep_->bands[label.category].holds(learned[label.category]));
    });
}

void Engine::decide_deep(std::span<const float> logits, bool complete, std::uint8_t source,
                         CheckResult& result) const noexcept {
    const bool of_model = result.tier == Depth::fast;
    const LabelScores& before = of_model ? result.model_logits : result.gate_logits;
    Learned learned;
    learned.probabilities = learn(before, result.length(), of_model, source);
    Probabilities deep{};
    const float length = result.length();
    for (std::size_t l = 0; l < deep_->labels.size() && l < logits.size(); ++l) {
        const DeepLabel& label = deep_->labels[l];
        if (counts(label, source)) {
            const bool joined =
                of_model && label.fast >= 0 && static_cast<std::size_t>(label.fast) < gate_->labels().size();
            const auto fast = static_cast<std::size_t>(joined ? label.fast : 0);
            const float odds = joined ? gate_->labels()[fast].model.scaled(before[fast], length) : 0.0F;
            const float share = joined ? label.share * odds : 0.0F;
            deep[label.category] = std::max(deep[label.category], label.calibration(logits[l] + share));
        }
    }
    for (const DeepLabel& label : deep_->labels) {
        const std::size_t c = label.category;
        if (counts(label, source) && (gate_ == nullptr || learned.probabilities[c] < deep_->bands[c].high)) {
            learned.deep[c] = true;
        }
    }
    for (std::size_t c = 0; c < kCategoryCount; ++c) {
        if (learned.deep[c]) {
            learned.probabilities[c] = deep[c];
        }
    }
    result.open = false;
    result.tier = Depth::deep;
    if (!complete) {
        result.set(Truncated::deep_windows);
    }
    conclude(learned, source, result);
}

void Engine::decline_deep(CheckResult& result) const noexcept {
    result.open = false;
    if (gate_ == nullptr) {
        result.action = std::max(result.action, Action::escalate);
    }
}

void Engine::decide_without_deep(std::uint8_t source, CheckResult& result) const noexcept {
    const bool of_model = result.tier == Depth::fast;
    result.open = false;
    result.set(Degraded::model);
    fuse(of_model ? result.model_logits : result.gate_logits, of_model, source, result);
}

}  // namespace fastguard
