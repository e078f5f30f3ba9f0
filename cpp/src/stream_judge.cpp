// The judging of a stream: the segments of one check, and what the windows released held against what they find.
#include "fastguard/stream.h"

#include <algorithm>

namespace fastguard {
namespace {

TextPlace moved(const TextPlace& from, std::string_view bytes) noexcept {
    Segment segment;
    segment.raw = bytes;
    segment.begin = from;
    return place_in(segment, bytes.size());
}

}  // namespace

void Stream::judge_segments(bool last, Scratch& scratch) {
    while (!ended_ && (last || received() - segment_.byte >= kCutLookahead)) {
        const std::uint64_t limit = engine_.policy().max_bytes;
        judge_segment(cut_segment(kept(segment_.byte, received()), limit - segment_.byte), scratch);
    }
}

void Stream::judge_segment(const SegmentCut& cut, Scratch& scratch) {
    Segment segment = piece(segment_.byte, segment_.byte + cut.end);
    segment.begin = segment_;
    segment.first = !started_;
    segment.last = cut.last;
    const std::size_t known = result_.findings.size();
    engine_.read(segment, options_.source, scratch, result_);
    for (std::size_t i = known; i < result_.findings.size(); ++i) {
        texts_.emplace_back(kept(result_.findings[i].begin.byte, result_.findings[i].end.byte));
    }
    if (cut.truncated) {
        result_.set(Truncated::max_bytes);
    }
    const std::uint64_t end = segment_.byte + cut.end;
    started_ = true;
    ended_ = cut.last;
    if (!cut.last) {
        segment_ = moved(segment_, segment.raw.substr(0, cut.next));
    }
    compare();
    // What was redacted and lies wholly in what is judged by now must have been found there, too.
    std::erase_if(replaced_, [&](const Range& range) {
        const bool over = range.end < end && range.end <= released_;
        missed_ = missed_ || (over && !range.confirmed && !result_.has(Truncated::max_findings));
        return over && range.end <= segment_.byte;
    });
}

// Findings against what was released by now: what had to be redacted must have been, and what blocks must have stopped
// the release.
void Stream::compare() {
    for (; compared_ < result_.findings.size(); ++compared_) {
        const Finding& finding = result_.findings[compared_];
        if (finding.end.byte > released_ && !stopped_) {
            break;
        }
        if (options_.mode != StreamMode::redact ||
            !is_entity(engine_.pack().signatures()[finding.signature].spec.category)) {
            continue;
        }
        bool covered = stopped_ && finding.begin.byte >= released_;
        for (Range& range : replaced_) {
            covered = covered || (range.begin <= finding.begin.byte && finding.end.byte <= range.end);
            range.confirmed = range.confirmed || (range.begin < finding.end.byte && finding.begin.byte < range.end);
        }
        missed_ = missed_ || !covered;
    }
    if (stopped_) {
        return;
    }
    CheckResult& before = window_;
    before.clear();
    before.findings.assign(result_.findings.begin(), result_.findings.begin() + static_cast<std::ptrdiff_t>(compared_));
    engine_.weigh(options_.source, before);
    if (blocks(before)) {
        stopped_ = true;
        missed_ = true;
    }
}

CheckResult& Stream::judge(Scratch& scratch) {
    judge_segments(true, scratch);
    engine_.end(options_.source, result_);
    return result_;
}

void Stream::finish(Scratch& scratch, std::string& out) {
    std::string rest;
    if (!stopped_) {
        step(true, scratch, rest);
    }
    const bool blocked = blocks(result_);
    if (!blocked || stopped_) {
        out += rest;  // up to the finding that stops it, where there is one
    }
    if (stopped_ && !blocked) {
        missed_ = true;  // it looked worse in the window than it is
    }
    stopped_ = stopped_ || blocked;
    compare();
    for (const Range& range : replaced_) {
        missed_ = missed_ || (!blocked && !range.confirmed && !result_.has(Truncated::max_findings) &&
                              !result_.has(Truncated::max_bytes));
    }
    if (missed_) {
        result_.set(Truncated::stream_window);
        result_.action = std::max(result_.action, Action::escalate);
    }
    if (placeholders_.full()) {
        result_.set(Truncated::max_findings);
    }
}

}  // namespace fastguard
