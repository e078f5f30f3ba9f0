// What a text says once its disguises are undone: each child is read and scanned as a text of its own.
#include "engine_collector.h"
#include "engine_learner.h"
#include "fastguard/decoders.h"

#include <cstring>

namespace fastguard {

void Engine::make_children(const Reading& reading, ViewKind from, Scratch& scratch) const {
    Children& children = scratch.children;
    // What a maker of a view made has nothing more for it.
    const auto wants = [&](ViewKind view) { return view != from && policy_.looks_into(view); };
    if (wants(ViewKind::unmarked)) {
        make_unmarked(reading, children);
    }
    if (wants(ViewKind::visual)) {
        make_visual(reading, scratch.views, children);
    }
    if (wants(ViewKind::flipped)) {
        make_flipped(reading, children);
    }
    if (wants(ViewKind::skeleton)) {
        make_lookalike(reading, children);
    }
    if (wants(ViewKind::squeezed)) {
        make_spelled(reading, children);
        make_squeezed(reading, pack_->vocabulary(), scratch.views, children);
    }
    if (policy_.looks_into(ViewKind::decoded)) {
        decode(reading, children);
    }
}

// Breadth first: what takes the least to undo is looked at before the budget is used up.
std::uint64_t Engine::scan_children(const Reading& reading, bool unsure, Scratch& scratch, Collector& collector) const {
    Children& children = scratch.children;
    children.reset(reading.raw.bytes.size(), policy_.children);
    if (is_late(collector.result())) {
        return 0;
    }
    make_children(reading, ViewKind::raw, scratch);
    if (policy_.looks_into(ViewKind::decoded)) {
        make_initials(reading, children);
    }
    if (unsure && policy_.looks_into(ViewKind::decoded)) {
        make_misspelt(reading, pack_->vocabulary(), children);
    }
    std::uint64_t in_words = 0;
    for (std::size_t i = 0; i < children.size() && !is_late(collector.result()); ++i) {
        // Children of this child may move the store: it is read from a copy.
        const std::string_view said = children.text(i);
        char* copy = scratch.child_text.reserve(said.size() + kViewPadding);
        std::memcpy(copy, said.data(), said.size());
        Segment whole;
        whole.raw = {copy, said.size()};
        Reading child;
        read_segment(whole, plain_words_, scratch.child_reading, child);
        collector.enter(i, children, child);
        if (children[i].kind != ViewKind::skeleton) {  // signatures look at skeletons of their own
            scan_reading(child, scratch.child_reading, scratch, collector);
        }
        in_words |= !children[i].doubted && (children[i].vouched || is_in_words(child)) ? std::uint64_t{1} << i : 0;
        children.read_child(i, children[i].depth >= policy_.max_depth);
        make_children(child, children[i].kind, scratch);
    }
    if (children.exhausted()) {
        collector.result().set(Truncated::decode_budget);
    }
    return in_words;
}

}  // namespace fastguard
