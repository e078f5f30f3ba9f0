#include "fastguard/stream.h"

#include <algorithm>
#include <array>

namespace fastguard {
namespace {

constexpr std::size_t kKeepBack = 64 * 1024;  // bytes that may lie idle before what is still needed

// Letters that keys, tokens, encoded data and addresses are made of.
bool in_run(char c) noexcept { return c > ' ' && c < 0x7F; }

bool is_continuation(char c) noexcept { return (static_cast<unsigned char>(c) & 0xC0U) == 0x80U; }

bool is_surrogate(std::string_view bytes, std::size_t at) noexcept {
    return bytes[at] == '\xED' && at + 2 < bytes.size() && static_cast<unsigned char>(bytes[at + 1]) >= 0xA0;
}

std::size_t length_by_lead(char lead) noexcept {
    const auto byte = static_cast<unsigned char>(lead);
    return byte < 0xC0 ? 1 : byte < 0xE0 ? 2 : byte < 0xF0 ? 3 : byte < 0xF8 ? 4 : 1;
}

TextPlace moved(const TextPlace& from, std::string_view bytes) noexcept {
    Segment segment;
    segment.raw = bytes;
    segment.begin = from;
    return place_in(segment, bytes.size());
}

}  // namespace

Stream::Stream(const Engine& engine, const StreamOptions& options) : engine_(engine), options_(options) {
    options_.holdback = std::max(options_.holdback, kLeastHoldback);
    options_.longest = std::clamp(options_.longest, options_.holdback, kMostHeld);
    hold_ = needed_hold(options_.holdback - kStep);
    Engine::begin(result_);
    Engine::begin(evidence_);
}

bool Stream::may_block(std::uint8_t category) const noexcept {
    return engine_.policy().actions[options_.source][category].block != 0 &&
           (options_.mode == StreamMode::block || !is_entity(category));
}

bool Stream::matters(const Finding& finding) const noexcept {
    const std::uint8_t category = engine_.pack().signatures()[finding.signature].spec.category;
    return may_block(category) || (options_.mode == StreamMode::redact && is_entity(category));
}

bool Stream::blocks(const CheckResult& evidence) const noexcept {
    for (std::uint8_t c = 0; c < kCategoryCount; ++c) {
        const std::uint8_t level = evidence.categories[c].level;
        if (level != 0 && may_block(c) && level <= engine_.policy().actions[options_.source][c].block) {
            return true;
        }
    }
    return false;
}

// A pattern of the raw bytes whose length is limited needs no more than that; everything else may be as long as it
// likes, be it by what its view leaves out.
std::size_t Stream::needed_hold(std::size_t most) const {
    constexpr std::uint8_t kRawAlone = 1;
    const std::vector<Signature>& signatures = engine_.pack().signatures();
    std::vector<const SignatureSpec*> patterns;
    for (std::uint32_t i = 0; i < signatures.size(); ++i) {
        Finding finding;
        finding.signature = i;
        if (engine_.looks_for(i, options_.source) && matters(finding)) {
            const SignatureSpec& spec = signatures[i].spec;
            if (spec.kind != SignatureKind::pattern || spec.views != kRawAlone || spec.mention || spec.fallback) {
                return most;
            }
            patterns.push_back(&spec);
        }
    }
    std::size_t needed = 0;
    for (const SignatureSpec* spec : patterns) {
        const PatternInfo info = pattern_info(spec->pattern, spec->caseless());
        needed = std::max(needed, info.max_width ? std::size_t{*info.max_width} + kSlack : most);
    }
    return std::min(needed, most);
}

std::string_view Stream::kept(std::uint64_t begin, std::uint64_t end) const noexcept {
    return std::string_view(buffer_).substr(static_cast<std::size_t>(begin - base_),
                                            static_cast<std::size_t>(end - begin));
}

Segment Stream::piece(std::uint64_t begin, std::uint64_t end) {
    Segment piece;
    piece.raw = kept(begin, end);
    piece.begin.byte = begin;
    piece.first = begin == 0;
    if (!surrogates_) {
        return piece;
    }
    clean_.assign(piece.raw);
    for (std::size_t at = clean_.find('\xED'); at != std::string::npos; at = clean_.find('\xED', at + 1)) {
        if (is_surrogate(clean_, at)) {
            clean_.replace(at, 3, "\xEF\xBF\xBD");
            ++piece.surrogates;
        }
    }
    piece.raw = clean_;
    return piece;
}

std::uint64_t Stream::border(std::uint64_t at) const noexcept {
    std::uint64_t lead = at;
    for (int back = 0; back < 3 && lead > base_; ++back) {
        --lead;
        const char c = buffer_[static_cast<std::size_t>(lead - base_)];
        if (!is_continuation(c)) {
            return lead + length_by_lead(c) > at ? lead : at;
        }
    }
    return at;
}

void Stream::feed(std::string_view bytes, bool surrogates, Scratch& scratch, std::string& out) {
    surrogates_ = surrogates_ || surrogates;
    if (engine_.deep() != nullptr && head_.size() < kHead) {
        head_.append(bytes.substr(0, kHead - head_.size()));
    }
    while (!bytes.empty()) {
        const std::size_t room = kStep - static_cast<std::size_t>(received() % kStep);
        const std::string_view part = bytes.substr(0, room);
        buffer_.append(part);
        bytes.remove_prefix(part.size());
        if (part.size() == room || hold_ == 0) {
            step(false, scratch, out);
            judge_segments(false, scratch);
            forget();
        }
    }
}

// ---------------------------------------------------------------------------------------------------------------------
// The judging of the whole

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

// ---------------------------------------------------------------------------------------------------------------------
// The release

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

void Stream::forget() {
    std::uint64_t needed = received();
    if (!ended_) {
        needed = std::min(needed, segment_.byte);
    }
    if (!stopped_) {
        const std::uint64_t context = kContext + kCutWindow + 4;
        needed = std::min(needed, released_ > context ? released_ - context : 0);
        needed = std::min(needed, literal_seen_);
    }
    needed = std::min(needed, received() > 4 ? received() - 4 : 0);
    if (needed > base_ + kKeepBack) {
        buffer_.erase(0, static_cast<std::size_t>(needed - base_));
        base_ = needed;
    }
}

// ---------------------------------------------------------------------------------------------------------------------
// Placeholders

const std::string& Placeholders::of(const std::string& entity, std::string_view value) {
    const auto key = std::make_pair(entity, std::string(value));
    const auto known = names_.find(key);
    if (known != names_.end()) {
        return known->second;
    }
    do {
        last_ = "<" + entity + "_" + std::to_string(++counts_[entity]) + ">";
    } while (taken_.contains(last_));
    if (all_.size() == kMostKept) {
        full_ = true;
        return last_;
    }
    all_.emplace_back(last_, key.second);
    return names_.emplace(key, last_).first->second;
}

bool Placeholders::reserve(const std::string& literal) {
    const bool used = std::any_of(all_.begin(), all_.end(), [&](const auto& pair) { return pair.first == literal; });
    if (!used && taken_.size() < kMostKept) {
        taken_.insert(literal);
    }
    return !used;
}

}  // namespace fastguard
