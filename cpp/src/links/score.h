// A learned score of a link: a logistic regression over its letters and shape, made by training/links.py.
#pragma once

#include "finder.h"
#include "host.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace fastguard::links {

inline constexpr std::size_t kScoreDense = 30;
inline constexpr std::size_t kScoreBuckets = 4096;
inline constexpr std::size_t kMostIds = 96;

// score_weights.cpp. A bucket's weight is kBucketWeights[i] * kBucketScale.
extern const float kDenseWeights[kScoreDense];
extern const std::int8_t kBucketWeights[kScoreBuckets];
extern const float kBucketScale;
extern const float kScoreBias;
// Least scores: of links that no honest host of the held-out texts has, of those one in a thousand has, and of those
// that words around them may tip.
extern const float kScoreHigh;
extern const float kScoreRaised;
extern const float kScoreOpen;

struct ScoreFeatures {
    std::array<float, kScoreDense> dense{};
    std::array<std::uint16_t, kMostIds> ids;
    std::size_t count = 0;
};

// `rest` is what follows the host; `brand`: a brand's label stands in a host that is not its own. O(link).
[[nodiscard]] ScoreFeatures score_features(const Link& link, const Host& host, std::string_view rest,
                                           bool brand) noexcept;

// Probability-like, 0 to 1.
[[nodiscard]] float score_of(const ScoreFeatures& features) noexcept;

}  // namespace fastguard::links
