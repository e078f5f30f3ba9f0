// Protected texts and canaries (protected.h) as a step of a check.
#include "engine_collector.h"

#include <array>

namespace fastguard {
namespace {

constexpr std::size_t kMaxMatches = 160;  // in one view of a segment

}  // namespace

void Engine::scan_protected(const Reading& reading, Collector& collector) const {
    if (protected_ == nullptr || protected_->empty() || !collector.asks(SignatureKind::candidate)) {
        return;
    }
    std::array<ProtectedMatch, kMaxMatches> matches;
    bool truncated = false;
    const std::size_t count = protected_->find(reading.tokens, matches, truncated);
    if (truncated) {
        collector.flooded();
    }
    for (const ProtectedMatch& match : std::span(matches).first(count)) {
        const std::optional<std::uint32_t> signature = pack_->protecting(match.canary);
        if (!signature || !collector.wants(*signature)) {
            continue;
        }
        const auto shown = collector.shown(pack_->signatures()[*signature].spec, ViewKind::folded, true);
        if (shown) {
            collector.add(*signature, reading.folded, *shown, reading.tokens[match.first].begin,
                          reading.tokens[match.last - 1].end, false, match.text);
        }
    }
}

}  // namespace fastguard
