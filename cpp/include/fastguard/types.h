// The closed lists that the whole engine speaks in: categories, sources, views, severities, actions.
//
// The order is part of the wire format of packs' caches and of pickled verdicts: append, never reorder.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace fastguard {

inline constexpr std::array<std::string_view, 14> kCategories = {
    "prompt_injection", "jailbreak",  "system_prompt_leak", "pii",          "secret",     "malicious_link", "toxicity",
    "insecure_output",  "tool_abuse", "model_dos",          "supply_chain", "ungrounded", "hidden_text",    "custom"};
inline constexpr std::size_t kCategoryCount = kCategories.size();

inline constexpr std::array<std::string_view, 7> kSources = {"system",          "user",      "assistant", "tool_result",
                                                             "tool_definition", "retrieved", "memory"};
inline constexpr std::size_t kSourceCount = kSources.size();
inline constexpr std::uint8_t kAllSources = (1U << kSourceCount) - 1U;

inline constexpr std::array<std::string_view, 4> kViews = {"raw", "folded", "skeleton", "decoded"};
enum class ViewKind : std::uint8_t { raw, folded, skeleton, decoded };

inline constexpr std::array<std::string_view, 4> kSeverities = {"low", "medium", "high", "critical"};

inline constexpr std::array<std::string_view, 4> kActions = {"allow", "flag", "escalate", "block"};
enum class Action : std::uint8_t { allow, flag, escalate, block };

inline constexpr std::array<std::string_view, 3> kDepths = {"gate", "fast", "deep"};
enum class Depth : std::uint8_t { gate, fast, deep };

// Position of `name` in one of the lists above, or nothing.
template <std::size_t N>
[[nodiscard]] constexpr std::optional<std::uint8_t> index_of(const std::array<std::string_view, N>& list,
                                                             std::string_view name) noexcept {
    for (std::size_t i = 0; i < N; ++i) {
        if (list[i] == name) {
            return static_cast<std::uint8_t>(i);
        }
    }
    return std::nullopt;
}

}  // namespace fastguard
