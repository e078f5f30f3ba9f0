// Evidence to scores, scores to levels, levels to the action.
#include "fastguard/engine.h"
#include "toxicity.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

namespace fastguard {
namespace {

constexpr std::uint8_t kMentionLevel = 4;  // that a category comes to by mentions alone
constexpr std::size_t kToxicity =
    static_cast<std::size_t>(std::find(kCategories.begin(), kCategories.end(), "toxicity") - kCategories.begin());
constexpr float kToxic = 0.35F;  // from which the learned score of toxicity is told

// As std::round, of what is not negative, without a call of the library: most texts come to nothing, and then this is
// what most of their conclusion costs.
float quantised(float probability) noexcept {
    const float steps = probability * 10000.0F;
    const float whole = std::trunc(steps);
    return (steps - whole >= 0.5F ? whole + 1.0F : whole) / 10000.0F;
}

// What the findings say of each category.
struct Evidence {
    std::array<float, kCategoryCount> doubt;  // noisy-or over distinct signatures: more evidence never lowers a score
    std::array<bool, kCategoryCount> matched{};
    std::array<bool, kCategoryCount> mentioned{};
};

// Signatures that were seen. The first kMarked of a pack have a bit each; one beyond is looked for among the findings.
class Seen {
  public:
    explicit Seen(const CheckResult& result) noexcept : findings_(result.findings) {}

    // Whether no finding before `at` that is no mention has the signature of that one. Asked in their order.
    [[nodiscard]] bool is_first(std::size_t at) noexcept {
        const std::uint32_t signature = findings_[at].signature;
        if (signature >= kMarked) {
            return std::none_of(findings_.begin(), findings_.begin() + static_cast<std::ptrdiff_t>(at),
                                [=](const Finding& f) { return f.signature == signature && !f.mention; });
        }
        std::uint64_t& bits = bits_[signature / 64];
        const std::uint64_t bit = std::uint64_t{1} << signature % 64;
        const bool first = (bits & bit) == 0;
        bits |= bit;
        return first;
    }

  private:
    static constexpr std::size_t kMarked = 4096;
    const std::vector<Finding>& findings_;
    std::array<std::uint64_t, kMarked / 64> bits_{};
};

Evidence evidence_of(const CheckResult& result, const Pack& pack) noexcept {
    Evidence evidence;
    evidence.doubt.fill(1.0F);
    if (result.findings.empty()) {
        return evidence;
    }
    Seen seen(result);
    for (std::size_t i = 0; i < result.findings.size(); ++i) {
        const Finding& finding = result.findings[i];
        const Signature& signature = pack.signatures()[finding.signature];
        const std::uint8_t category = signature.spec.category;
        if (finding.mention) {
            evidence.mentioned[category] = true;
        } else if (seen.is_first(i)) {
            evidence.doubt[category] *= 1.0F - (finding.supported ? signature.supported : signature.confidence);
            evidence.matched[category] = true;
        }
    }
    return evidence;
}

// The level of a score; 0: none.
std::uint8_t level_of(float score, const LevelCuts& cuts, bool matched, bool mentioned) noexcept {
    const auto cut = std::find_if(cuts.begin(), cuts.end(), [score](float least) { return score >= least; });
    std::uint8_t level = static_cast<std::uint8_t>(cut - cuts.begin() + 1);
    if (level > kLevels) {
        level = matched ? kLevels : std::uint8_t{0};
    }
    return mentioned ? std::min(level, kMentionLevel) : level;  // the cut may be rounded up
}

}  // namespace

void Engine::decide(std::span<const float> logits, std::uint8_t source, CheckResult& result) const noexcept {
    const std::size_t labels = gate_->labels().size();
    LabelScores said;
    said.fill(-std::numeric_limits<float>::infinity());
    LabelScores left = said;
    for (std::size_t i = 0; i < logits.size(); ++i) {
        float& best = ((result.framed_windows >> (i / labels) & 1U) != 0 ? left : said)[i % labels];
        best = std::max(best, logits[i]);
    }
    for (std::size_t l = 0; l < labels; ++l) {
        left[l] = std::min(said[l], left[l]);
    }
    const LabelScores& best = counting(said, left, true, source, result);
    result.undecided = false;
    result.tier = Depth::fast;
    result.model_logits = best;
    fuse(best, true, source, result);
    result.open = leaves_to_deep(learn(best, result.length(), true, source), source);
}

void Engine::decide_without_model(std::uint8_t source, CheckResult& result) const noexcept {
    result.undecided = false;
    result.set(Degraded::model);
    fuse(counting(result.gate_logits, result.left_logits, false, source, result), false, source, result);
}

// The probability of each category that a tier speaks of.
Engine::Probabilities Engine::learn(const LabelScores& logits, float length, bool of_model,
                                    std::uint8_t source) const noexcept {
    Probabilities learned{};
    if (gate_ != nullptr && !std::isinf(logits[0])) {
        const std::span<const Label> labels = gate_->labels();
        for (std::size_t l = 0; l < labels.size(); ++l) {
            if (counts(labels[l], source) && (of_model || labels[l].gate_speaks())) {
                const Calibration& calibration = of_model ? labels[l].model : labels[l].gate;
                float& probability = learned[labels[l].category];
                probability = std::max(probability, calibration(logits[l], length));
            }
        }
    }
    return learned;
}

// Of a tier's logits for the text as it stands, and for what is left of it without its quotations, no greater, those
// that count. What is left is as long as it is by itself.
const LabelScores& Engine::counting(const LabelScores& said, const LabelScores& left, bool of_model,
                                    std::uint8_t source, CheckResult& result) const noexcept {
    if (!result.framed) {
        return said;
    }
    result.gate_words = result.said_words;
    const Probabilities before = learn(said, result.length(), of_model, source);
    result.gate_words = result.left_words;
    const Probabilities after = learn(left, result.length(), of_model, source);
    result.talked_about = 0;
    for (std::size_t c = 0; c < kCategoryCount; ++c) {
        const auto is_flagged = [cut = policy_.cuts[c][kMentionLevel - 2]](float probability) {
            return probability > 0.0F && quantised(probability) >= cut;
        };
        result.talked_about |= is_flagged(before[c]) && !is_flagged(after[c]) ? std::uint32_t{1} << c : 0U;
    }
    return left;
}

void Engine::fuse(const LabelScores& logits, bool of_model, std::uint8_t source, CheckResult& result) const noexcept {
    Learned learned;
    learned.probabilities = learn(logits, result.length(), of_model, source);
    conclude(learned, source, result);
}

// The whole result but for the findings.
void Engine::conclude(const Learned& learned, std::uint8_t source, CheckResult& result) const noexcept {
    Evidence evidence = evidence_of(result, *pack_);
    for (std::size_t c = 0; c < kCategoryCount; ++c) {
        evidence.mentioned[c] |= (result.talked_about >> c & 1U) != 0;
    }
    result.score = 0.0F;
    result.level = kLevels;
    result.action = Action::allow;
    for (std::size_t c = 0; c < kCategoryCount; ++c) {
        result.categories[c] = {};
        const float probability = learned.probabilities[c];
        const float toxicity = c == kToxicity ? quantised(toxicity_score(result.toxicity)) : 0.0F;
        const LevelCuts& cuts = learned.deep[c] ? policy_.deep_cuts[c] : policy_.cuts[c];
        const bool is_learned = probability > 0.0F || toxicity >= kToxic;
        if (!is_learned && !evidence.matched[c] && !evidence.mentioned[c]) {
            continue;
        }
        // What words are toxic by a signature, the learned score has seen as well: the one does not add to the other.
        float score =
            std::max(is_learned ? toxicity : 0.0F, quantised(1.0F - evidence.doubt[c] * (1.0F - probability)));
        if (evidence.mentioned[c]) {
            score = std::max(score, quantised(cuts[kMentionLevel - 1]));
        }
        const std::uint8_t level = level_of(score, cuts, evidence.matched[c], evidence.mentioned[c]);
        result.categories[c] = {level == 0 ? 0.0F : score, level};
        if (level == 0) {
            continue;
        }
        result.score = std::max(result.score, score);
        result.level = std::min(result.level, level);
        const ActionRule& rule = policy_.actions[source][c];
        const Action action = level <= rule.block ? Action::block : level <= rule.flag ? Action::flag : Action::allow;
        result.action = std::max(result.action, action);
    }
    // What was not looked at is not allowed silently.
    if (result.degraded != 0 || result.has(Truncated::max_bytes) || result.has(Truncated::deep_windows) ||
        result.unseen || result.has(Truncated::decode_budget) || result.has(Truncated::budget_us)) {
        result.action = std::max(result.action, Action::escalate);
    }
}

}  // namespace fastguard
