#include "fastguard/vocabulary.h"

#include <algorithm>
#include <bit>

namespace fastguard {

void Vocabulary::add(std::string_view word, bool stem) {
    if (!word.empty() && std::all_of(word.begin(), word.end(), [](char c) { return c >= 'a' && c <= 'z'; })) {
        pending_.emplace_back(word, stem);
    }
}

// The words [begin, end), which share their first `depth` letters, below `node`.
void Vocabulary::build(std::size_t node, std::size_t begin, std::size_t end, std::size_t depth) {
    for (; begin < end && pending_[begin].first.size() == depth; ++begin) {
        Kind& kind = nodes_[node].kind;
        kind = pending_[begin].second ? Kind::stem : std::max(kind, Kind::word);
    }
    std::vector<std::size_t> begins;
    for (std::size_t i = begin; i < end; ++i) {
        if (i == begin || pending_[i].first[depth] != pending_[i - 1].first[depth]) {
            begins.push_back(i);
            nodes_[node].next |= 1U << static_cast<unsigned>(pending_[i].first[depth] - 'a');
        }
    }
    const std::size_t first = nodes_.size();
    nodes_[node].first = static_cast<std::uint32_t>(first);
    nodes_.resize(first + begins.size());
    begins.push_back(end);
    for (std::size_t i = 0; i + 1 < begins.size(); ++i) {
        build(first + i, begins[i], begins[i + 1], depth + 1);
    }
}

void Vocabulary::finish() {
    std::sort(pending_.begin(), pending_.end());
    for (const auto& [word, stem] : pending_) {
        spellings_.add(word);
        for (const std::string_view ending : {"e", "s", "es", "ed", "ion", "ions", "ing"}) {
            if (stem) {
                spellings_.add(word + std::string(ending));
            }
        }
        if (word.size() >= 4) {
            const std::uint32_t place = place_of(word.data());
            heads_[place / 64] |= std::uint64_t{1} << (place % 64);
        }
    }
    nodes_.assign(1, {});
    build(0, 0, pending_.size(), 0);
    nodes_.shrink_to_fit();
    pending_ = {};
    spellings_.finish();
}

bool Vocabulary::Walk::step(char letter) noexcept {
    const Node& node = words_.nodes_[at_];
    const auto bit = static_cast<unsigned>(letter - 'a');
    if (bit >= 26 || ((node.next >> bit) & 1U) == 0) {
        return false;
    }
    at_ = node.first + static_cast<std::uint32_t>(std::popcount(node.next & ((1U << bit) - 1U)));
    return true;
}

}  // namespace fastguard
