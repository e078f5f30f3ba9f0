// The closed lists that the whole engine speaks in: categories, sources, views, severities, actions.
//
// The order is part of the wire format of packs' caches and of pickled verdicts: append, never reorder.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace fastguard {

inline constexpr std::array<std::string_view, 15> kCategories = {
    "prompt_injection", "jailbreak",  "system_prompt_leak", "pii",        "secret",
    "malicious_link",   "toxicity",   "insecure_output",    "tool_abuse", "model_dos",
    "supply_chain",     "ungrounded", "hidden_text",        "custom",     "unknown_link"};
inline constexpr std::size_t kCategoryCount = kCategories.size();

inline constexpr std::array<std::string_view, 7> kSources = {"system",          "user",      "assistant", "tool_result",
                                                             "tool_definition", "retrieved", "memory"};
inline constexpr std::size_t kSourceCount = kSources.size();
inline constexpr std::uint8_t kAllSources = (1U << kSourceCount) - 1U;
// Sources whose texts were written by who takes part in the conversation; all others are data from elsewhere.
inline constexpr std::uint8_t kSpokenSources = 0b111;

// How a text can be read. The first kSignatureViews are what a signature may ask for; all that follow say which code
// was undone, and a signature that may match in `decoded` may match in each of them.
inline constexpr std::array<std::string_view, 36> kViews = {
    "raw",        "folded",   "skeleton",       "decoded",          "squeezed", "visual",
    "unmarked",   "flipped",  "base64",         "base32",           "base16",   "base85",
    "percent",    "entities", "escapes",        "quoted_printable", "rot13",    "caesar",
    "atbash",     "rot47",    "morse",          "braille",          "binary",   "octal",
    "decimal",    "reversed", "reversed_words", "acrostic",         "tags",     "variation_selectors",
    "zero_width", "utf7",     "punycode",       "joined",           "inflated", "uuencode"};
enum class ViewKind : std::uint8_t {
    raw,
    folded,
    skeleton,
    decoded,
    squeezed,
    visual,
    unmarked,
    flipped,
    base64,
    base32,
    base16,
    base85,
    percent,
    entities,
    escapes,
    quoted_printable,
    rot13,
    caesar,
    atbash,
    rot47,
    morse,
    braille,
    binary,
    octal,
    decimal,
    reversed,
    reversed_words,
    acrostic,
    tags,
    variation_selectors,
    zero_width,
    utf7,
    punycode,
    joined,
    inflated,
    uuencode,
};
inline constexpr std::size_t kSignatureViews = 8;
static_assert(static_cast<std::size_t>(ViewKind::uuencode) + 1 == kViews.size());

inline constexpr std::uint8_t kAllViews = (1U << kSignatureViews) - 1U;  // bit per signature view

inline constexpr auto kSignatureViewNames = [] {
    std::array<std::string_view, kSignatureViews> names;
    std::copy_n(kViews.begin(), kSignatureViews, names.begin());
    return names;
}();

// The view that a signature must ask for to match in a text read as `view`.
[[nodiscard]] constexpr ViewKind signature_view(ViewKind view) noexcept {
    return static_cast<std::size_t>(view) < kSignatureViews ? view : ViewKind::decoded;
}

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
