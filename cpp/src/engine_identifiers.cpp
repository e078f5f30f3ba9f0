// Identifiers (identifiers.h) as a step of a check.
#include "engine_collector.h"

#include <algorithm>
#include <optional>

namespace fastguard {
namespace {

constexpr std::size_t kMaxMatches = 8192;  // in a view of a segment

}  // namespace

// `others`: what the candidate finder found in the same view, in order. What it names (a card, an IBAN) is no other
// identifier as well, but for one that goes on on both sides of it.
void Engine::scan_identifiers(const Reading& reading, const View& view, const ByteMasks& masks,
                              std::span<const Candidate> others, Scratch& scratch, Collector& collector) const {
    if (pack_->identifiers().empty()) {
        return;
    }
    IdentifierMatch* found = scratch.identifier_matches.reserve(kMaxMatches);
    bool truncated = false;
    const std::size_t count =
        pack_->identifiers().find(reading, view, masks.digit, collector.source_bits(), collector.source_bit(),
                                  scratch.context, {found, kMaxMatches}, truncated);
    if (truncated) {
        collector.flooded();
    }
    const bool both = reading.ascii || !reading.stats.changed;
    for (const IdentifierMatch& match : std::span(found, count)) {
        const auto other = std::partition_point(others.begin(), others.end(),
                                                [&](const Candidate& c) { return c.end <= match.begin; });
        const bool taken =
            other != others.end() && other->begin < match.end && other->end - other->begin >= match.end - match.begin;
        const SignatureSpec& spec = pack_->signatures()[match.signature].spec;
        const std::optional<ViewKind> shown = collector.shown(spec, view.kind, both);
        if (!taken && shown) {
            collector.add(match.signature, view, *shown, match.begin, match.end, match.supported);
        }
    }
}

}  // namespace fastguard
