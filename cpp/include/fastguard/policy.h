// A policy as the engine uses it: numbers and lists, resolved once.
#pragma once

#include "fastguard/children.h"
#include "fastguard/types.h"

#include <array>
#include <cstdint>
#include <string>
#include <vector>

namespace fastguard {

inline constexpr std::size_t kLevels = 5;
inline constexpr std::uint64_t kMostTokens = std::uint64_t{1} << 40U;
inline constexpr std::uint64_t kMostBudget = 3'600'000'000;  // microseconds: an hour

// Levels at which a category blocks and flags: where the level found is at most the number. 0: never.
struct ActionRule {
    std::uint8_t block = 0;
    std::uint8_t flag = 0;
};

// Least scores of levels 1 to 5, falling.
using LevelCuts = std::array<float, kLevels>;
inline constexpr LevelCuts kDefaultCuts = {0.95F, 0.85F, 0.60F, 0.35F, 0.05F};

struct Policy {
    Depth depth = Depth::fast;
    std::uint64_t max_bytes = std::uint64_t{64} << 20U;
    std::uint32_t max_findings = 1000;
    std::uint64_t max_tokens = 0;        // of a text, by estimate (load.h); 0: any, and nothing is estimated
    std::uint64_t budget_us = 0;         // of reading a text, in microseconds; 0: none, and no clock is asked
    ChildLimits children;                // of each segment; no children or no bytes: nothing is decoded
    std::uint8_t max_depth = kMaxDepth;  // of children, at most kMaxDepth; 0: nothing is decoded
    std::uint8_t views = kAllViews;      // bit per signature view; raw and folded are looked into in any case
    std::array<std::array<ActionRule, kCategoryCount>, kSourceCount> actions{};
    std::array<LevelCuts, kCategoryCount> cuts = make_default_cuts();
    std::array<LevelCuts, kCategoryCount> deep_cuts = make_default_cuts();  // of the deep tier's probabilities
    std::vector<std::string> disabled;                                      // signature ids
    std::vector<std::string> enabled;                                       // signature ids that are off by default
    std::vector<std::string> allow_phrases;
    std::vector<std::string> allow_hosts;

    [[nodiscard]] bool looks_into(ViewKind view) const noexcept {
        return ((views >> static_cast<unsigned>(signature_view(view))) & 1U) != 0;
    }

  private:
    static constexpr std::array<LevelCuts, kCategoryCount> make_default_cuts() noexcept {
        std::array<LevelCuts, kCategoryCount> all{};
        all.fill(kDefaultCuts);
        return all;
    }
};

}  // namespace fastguard
