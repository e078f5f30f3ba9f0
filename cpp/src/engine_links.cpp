// Links (links.h) as a step of a check.
#include "engine_collector.h"

#include <optional>

namespace fastguard {
namespace {

constexpr std::size_t kMaxMatches = 8192;  // in a segment

}  // namespace

void Engine::scan_links(const Reading& reading, Scratch& scratch, Collector& collector) const {
    if (!finds_links_ || !collector.asks(SignatureKind::candidate)) {
        return;
    }
    LinkMatch* matches = scratch.link_matches.reserve(kMaxMatches);
    bool truncated = false;
    const std::size_t count = pack_->links().find(reading, hosts_, collector.source_bits(), collector.source_bit(),
                                                  scratch.links, scratch.context, {matches, kMaxMatches}, truncated);
    if (truncated) {
        collector.flooded();
    }
    // Of an ASCII text the folded view has the places of the raw one, which is what the finding is shown for.
    const ViewKind view = reading.ascii ? ViewKind::raw : ViewKind::folded;
    for (const LinkMatch& match : std::span(matches, count)) {
        const std::optional<ViewKind> shown =
            collector.shown(pack_->signatures()[match.signature].spec, view, reading.ascii);
        if (shown) {
            collector.add(match.signature, reading.folded, *shown, match.begin, match.end, match.supported);
        }
    }
}

}  // namespace fastguard
