#include "fastguard/stream.h"

#include <algorithm>

namespace fastguard {
namespace {

constexpr std::size_t kKeepBack = 64 * 1024;  // bytes that may lie idle before what is still needed

bool is_continuation(char c) noexcept { return (static_cast<unsigned char>(c) & 0xC0U) == 0x80U; }

bool is_surrogate(std::string_view bytes, std::size_t at) noexcept {
    return bytes[at] == '\xED' && at + 2 < bytes.size() && static_cast<unsigned char>(bytes[at + 1]) >= 0xA0;
}

std::size_t length_by_lead(char lead) noexcept {
    const auto byte = static_cast<unsigned char>(lead);
    return byte < 0xC0 ? 1 : byte < 0xE0 ? 2 : byte < 0xF0 ? 3 : byte < 0xF8 ? 4 : 1;
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

}  // namespace fastguard
