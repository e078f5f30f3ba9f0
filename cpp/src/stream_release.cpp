// The release of a stream: a window at every step, and what is decided in it.
#include "fastguard/stream.h"

#include <algorithm>

namespace fastguard {
namespace {

// Letters that keys, tokens, encoded data and addresses are made of.
bool in_run(char c) noexcept { return c > ' ' && c < 0x7F; }

}  // namespace

void Stream::step(bool last, Scratch& scratch, std::string& out) {
    if (stopped_) {
        return;
    }
    const std::uint64_t end = last ? received() : border(received());
    if (hold_ == 0) {
        release(end, out);
        return;
    }
    std::uint64_t frontier = last ? end : end > hold_ ? border(end - hold_) : 0;
    follow_run(end);
    if (options_.mode == StreamMode::redact) {
        note_placeholders(end);
    }
    if (!last && run_begin_ < frontier && end - run_begin_ <= options_.longest) {
        frontier = std::max(run_begin_, released_);
    }
    if (frontier <= released_ || (!last && end < wait_until_)) {
        return;
    }
    const auto before = static_cast<std::size_t>(released_ - base_);
    const std::size_t context = std::min(before, kContext);
    const std::uint64_t begin =
        before == context && base_ == 0
            ? 0
            : base_ + cut_before(buffer_.data(), before - context, before - std::min(before, context + kCutWindow));
    window_.clear();
    engine_.find(piece(begin, end), options_.source, scratch, window_);
    if (window_.degraded != 0) {
        result_.degraded |= window_.degraded;
        stopped_ = true;  // nothing is released that was not looked at
        return;
    }
    if (!last) {
        frontier = hold_growing(frontier, end);
    }
    if (frontier > released_) {
        decide(frontier, end, last, out);
    }
}

void Stream::follow_run(std::uint64_t end) noexcept {
    const std::string_view fresh = kept(run_seen_, end);
    for (std::size_t at = fresh.size(); at > 0; --at) {
        if (!in_run(fresh[at - 1])) {
            run_begin_ = run_seen_ + at;
            break;
        }
    }
    run_seen_ = end;
}

// Literal placeholders of the text itself: no value may get such a name.
void Stream::note_placeholders(std::uint64_t end) {
    constexpr std::size_t kLongest = 96;
    const auto is_name = [](char c) { return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_'; };
    std::uint64_t next = end;
    const std::string_view fresh = kept(literal_seen_, end);
    for (std::size_t at = fresh.find('<'); at != std::string_view::npos; at = fresh.find('<', at + 1)) {
        std::size_t stop = at + 1;
        while (stop < fresh.size() && stop - at < kLongest && is_name(fresh[stop])) {
            ++stop;
        }
        if (stop == fresh.size() && stop - at < kLongest) {
            next = literal_seen_ + at;
        } else if (fresh[stop] == '>' && fresh[stop - 1] >= '0' && fresh[stop - 1] <= '9') {
            missed_ = !placeholders_.reserve(std::string(fresh.substr(at, stop + 1 - at))) || missed_;
        }
    }
    literal_seen_ = next;
}

// The frontier, moved back to the begin of a match that begins before it and may still grow.
std::uint64_t Stream::hold_growing(std::uint64_t frontier, std::uint64_t end) noexcept {
    for (const Finding& finding : window_.findings) {
        const std::uint64_t begin = finding.begin.byte;
        if (begin >= released_ && begin < frontier && finding.end.byte + kSlack > end && matters(finding) &&
            end - begin <= options_.longest) {
            frontier = begin;
            // The longer it is, the more must come before it is looked at again: time stays linear.
            wait_until_ = end + (end - begin) / 4;
        }
    }
    return frontier;
}

// Whether the evidence blocks with this finding.
bool Stream::tips(const Finding& finding) {
    if (!may_block(engine_.pack().signatures()[finding.signature].spec.category)) {
        return false;
    }
    const bool known = std::any_of(evidence_.findings.begin(), evidence_.findings.end(), [&](const Finding& other) {
        return other.signature == finding.signature && other.mention == finding.mention;
    });
    if (known) {
        return false;
    }
    evidence_.findings.push_back(finding);
    engine_.weigh(options_.source, evidence_);
    return blocks(evidence_);
}

void Stream::decide(std::uint64_t frontier, std::uint64_t end, bool last, std::string& out) {
    std::vector<Replacement> replacements;
    std::uint64_t stop = frontier;
    for (const Finding& finding : window_.findings) {
        const std::uint64_t begin = finding.begin.byte;
        if (begin < released_) {
            continue;
        }
        if (begin < stop && tips(finding)) {
            stopped_ = true;
            stop = begin;
        }
        if (options_.mode == StreamMode::redact &&
            is_entity(engine_.pack().signatures()[finding.signature].spec.category)) {
            replacements.push_back({begin, finding.end.byte, finding.signature});
        }
    }
    join_overlapping(replacements);
    for (const Replacement& next : replacements) {
        if (next.begin >= stop) {
            break;
        }
        if (!last && !stopped_ && next.end + kSlack > end && end - next.begin <= options_.longest) {
            stop = next.begin;  // what overlaps it may still grow
            break;
        }
        release(next.begin, out);
        out += placeholders_.of(entity_of(engine_.pack().signatures()[next.signature].spec.id),
                                kept(next.begin, next.end));
        replaced_.push_back({next.begin, next.end, false});
        released_ = next.end;
    }
    if (released_ < stop) {
        release(stop, out);
    }
}

void Stream::release(std::uint64_t end, std::string& out) {
    out += kept(released_, end);
    released_ = end;
}

}  // namespace fastguard
