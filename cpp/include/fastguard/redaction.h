// What redaction replaces, and what it is called.
#pragma once

#include "fastguard/engine.h"

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

namespace fastguard {

// Units [begin, end) of a text that become one placeholder, named after `signature`.
struct Replacement {
    std::uint64_t begin;
    std::uint64_t end;
    std::uint32_t signature;
};

// Whether findings of a category are replaced: secrets and personal data are, attacks stay where they are.
[[nodiscard]] inline bool is_entity(std::uint8_t category) noexcept {
    return kCategories[category] == "pii" || kCategories[category] == "secret";
}

// "pii.financial.payment_card" -> "PAYMENT_CARD"
[[nodiscard]] inline std::string entity_of(const std::string& id) {
    std::string entity = id.substr(id.rfind('.') + 1);
    std::transform(entity.begin(), entity.end(), entity.begin(),
                   [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c; });
    return entity;
}

// Left to right and without overlap: of replacements that overlap the one that begins first, then the longest, gives
// the name, and covers all of them.
inline void join_overlapping(std::vector<Replacement>& replacements) {
    std::stable_sort(replacements.begin(), replacements.end(), [](const Replacement& a, const Replacement& b) {
        return a.begin != b.begin ? a.begin < b.begin : a.end > b.end;
    });
    std::size_t kept = 0;
    for (const Replacement& next : replacements) {
        if (kept > 0 && next.begin < replacements[kept - 1].end) {
            replacements[kept - 1].end = std::max(replacements[kept - 1].end, next.end);
        } else {
            replacements[kept++] = next;
        }
    }
    replacements.resize(kept);
}

}  // namespace fastguard
