#include "engine_collector.h"

#include <algorithm>

namespace fastguard {
namespace {

// Name of the host in an e-mail address or URL; the whole text where it is neither.
std::string_view host_in(std::string_view text) noexcept {
    if (const std::size_t scheme = text.find("://"); scheme != std::string_view::npos) {
        text.remove_prefix(scheme + 3);
        text = text.substr(0, text.find_first_of("/?#"));
    }
    if (const std::size_t at = text.rfind('@'); at != std::string_view::npos) {
        text.remove_prefix(at + 1);
    }
    return text.substr(0, text.find_first_of(":/?#)]>\"' "));
}

bool same_letter(char a, char b) noexcept {
    const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; };
    return lower(a) == lower(b);
}

// `host` is `domain` or a name under it.
bool host_under(std::string_view host, std::string_view domain) noexcept {
    if (host.size() < domain.size() || domain.empty()) {
        return false;
    }
    const std::string_view tail = host.substr(host.size() - domain.size());
    return std::equal(tail.begin(), tail.end(), domain.begin(), same_letter) &&
           (host.size() == domain.size() || host[host.size() - domain.size() - 1] == '.');
}

// First byte of a view that comes from `raw` or later.
std::size_t view_place(const View& view, std::uint32_t raw) noexcept {
    if (view.origin == nullptr) {
        return raw;
    }
    const std::uint32_t* end = view.origin + view.bytes.size();
    return static_cast<std::size_t>(std::lower_bound(view.origin, end, raw) - view.origin);
}

// As much of a text as findings keep, cut at a character.
std::string_view shortened(std::string_view text) noexcept {
    if (text.size() <= kMostDecodedText) {
        return text;
    }
    std::size_t size = kMostDecodedText;
    while (size > kMostDecodedText - 3 && (static_cast<unsigned char>(text[size]) & 0xC0U) == 0x80U) {
        --size;
    }
    return text.substr(0, size);
}

// Characters that nobody sees.
bool is_hidden_channel(ViewKind kind) noexcept {
    return kind == ViewKind::tags || kind == ViewKind::variation_selectors || kind == ViewKind::zero_width;
}

}  // namespace

// Where memory failed, nothing is known of the findings of the segment but where they are.
Engine::Collector::~Collector() {
    for (std::size_t i = first_; !finished_ && i < result_.findings.size(); ++i) {
        result_.findings[i].decoded_begin = result_.findings[i].decoded_size = 0;
    }
}

const PhraseMatcher& Engine::Collector::phrases(bool skeleton) const noexcept {
    if (children_ != nullptr) {
        return engine_.pack_->child_phrases(child_view(), skeleton);
    }
    return skeleton ? engine_.pack_->skeleton_phrases() : engine_.pack_->folded_phrases();
}

std::optional<ViewKind> Engine::Collector::shown(const SignatureSpec& spec, ViewKind view, bool both) const noexcept {
    bool raw = spec.in_view(ViewKind::raw);
    const bool folded = spec.in_view(ViewKind::folded);
    if (children_ != nullptr) {
        if (!spec.in_view(child_view())) {
            return std::nullopt;
        }
        raw = raw || !folded;  // it asks for children alone
    }
    if (view == ViewKind::raw && raw) {
        return shown(ViewKind::raw);
    }
    return folded && (both || view == ViewKind::folded) ? std::optional(shown(ViewKind::folded)) : std::nullopt;
}

RawSpan Engine::Collector::in_segment(const RawSpan& span) const noexcept {
    if (children_ == nullptr) {
        return span;
    }
    // Whole characters: what carried a byte may be a part of one.
    const std::string_view text = segment_.raw;
    const auto inside = [text](std::size_t at) {
        return at < text.size() && (static_cast<unsigned char>(text[at]) & 0xC0U) == 0x80U;
    };
    Origin origin = children_->origin(index_, span.begin, span.end);
    for (int step = 0; step < 3 && origin.begin > 0 && inside(origin.begin); ++step) {
        --origin.begin;
    }
    for (int step = 0; step < 3 && inside(origin.end); ++step) {
        ++origin.end;
    }
    return {origin.begin, origin.end};
}

bool Engine::Collector::allowed(std::uint32_t signature, const Reading& reading, const RawSpan& span) const noexcept {
    const SignatureSpec& spec = engine_.pack_->signatures()[signature].spec;
    if (!engine_.policy_.allow_hosts.empty() &&
        (kCategories[spec.category] == "malicious_link" || spec.candidate == "email")) {
        const std::string_view host = host_in(reading.raw.bytes.substr(span.begin, span.end - span.begin));
        for (const std::string& domain : engine_.policy_.allow_hosts) {
            if (host_under(host, domain)) {
                return true;
            }
        }
    }
    if (engine_.allowed_.empty()) {
        return false;
    }
    const View& folded = reading.folded;
    const std::size_t begin = view_place(folded, span.begin);
    const std::size_t end = view_place(folded, span.end);
    for (const std::string& phrase : engine_.allowed_) {
        const std::size_t from = begin > phrase.size() ? begin - phrase.size() : 0;
        for (std::size_t at = folded.bytes.find(phrase, from); at != std::string_view::npos && at <= begin;
             at = folded.bytes.find(phrase, at + 1)) {
            if (at + phrase.size() >= end) {
                return true;
            }
        }
    }
    return false;
}

std::uint32_t& Engine::Collector::count(std::uint32_t signature) {
    if (!counting_) {
        const std::size_t signatures = engine_.pack_->signatures().size();
        std::fill_n(collect_.counts.reserve(signatures), signatures, 0U);
        collect_.latest.reserve(signatures);
        counting_ = true;
    }
    return collect_.counts.data()[signature];
}

bool Engine::Collector::known(std::uint32_t signature, const RawSpan& span) const noexcept {
    std::uint32_t at = collect_.latest.data()[signature];
    for (std::uint32_t left = collect_.counts.data()[signature]; left > 0; --left) {
        const Finding& other = result_.findings[first_ + at];
        if (span.begin < other.end.byte && other.begin.byte < span.end) {
            return true;
        }
        at = collect_.previous.data()[at];
    }
    return false;
}

void Engine::Collector::add(std::uint32_t signature, const View& view, ViewKind shown, std::size_t begin,
                            std::size_t end, bool supported, std::uint32_t detail) {
    const RawSpan here = raw_span(view, begin, end);
    const RawSpan span = in_segment(here);
    // A match at a cut may be one only because of the cut; the neighbour sees the text around it and all of it.
    if ((!segment_.first && span.begin == 0) || (!segment_.last && span.end == segment_.raw.size())) {
        return;
    }
    std::uint32_t& found = count(signature);
    if (found == per_signature()) {
        result_.set(Truncated::max_findings);
        flooded_ = true;
        return;
    }
    if (known(signature, span) || allowed(signature, *reading_, here) ||
        (children_ != nullptr && allowed(signature, root_, span))) {
        return;
    }
    const auto place = static_cast<std::uint32_t>(result_.findings.size() - first_);
    collect_.previous.grow(place + std::size_t{1}, place)[place] = collect_.latest.data()[signature];
    collect_.latest.data()[signature] = place;
    ++found;
    Finding finding;
    finding.signature = signature;
    finding.view = shown;
    finding.supported = supported;
    finding.detail = detail;
    finding.begin.byte = span.begin;
    finding.end.byte = span.end;
    if (children_ != nullptr) {
        const std::string_view said = shortened(children_->text(index_).substr(here.begin, here.end - here.begin));
        finding.decoded_begin = (*children_)[index_].begin + here.begin;
        finding.decoded_size = static_cast<std::uint32_t>(said.size());
    }
    finding.mention = engine_.pack_->signatures()[signature].spec.mention &&
                      (is_mention(*reading_, here) || (children_ != nullptr && is_mention(root_, span)));
    result_.findings.push_back(finding);
}

bool Engine::Collector::is_mention(const Reading& reading, const RawSpan& span) const {
    const std::size_t begin = view_place(reading.folded, span.begin);
    const std::size_t end = view_place(reading.folded, span.end);
    const bool spoken = (source_bit_ & kSpokenSources) != 0;
    return begin < end && engine_.pack_->mentions().is_mention(reading, begin, end, spoken, phrases_);
}

void Engine::Collector::spread_mentions() {
    // What is put together of a mention and of words beside it ("if 'ignore previous instructions' in text") is one,
    // too.
    const auto begin = result_.findings.begin() + static_cast<std::ptrdiff_t>(first_);
    const auto mentions = std::partition(begin, result_.findings.end(), [](const Finding& f) { return !f.mention; });
    for (auto other = begin; other != mentions; ++other) {
        const bool may = engine_.pack_->signatures()[other->signature].spec.mention;
        other->mention = may && std::any_of(mentions, result_.findings.end(), [&](const Finding& f) {
                             return f.begin.byte < other->end.byte && other->begin.byte < f.end.byte;
                         });
    }
}

bool Engine::Collector::covers(const Finding& other, const Finding& finding) const noexcept {
    const SignatureSpec& spec = engine_.pack_->signatures()[finding.signature].spec;
    const SignatureSpec& more = engine_.pack_->signatures()[other.signature].spec;
    if (!spec.fallback || more.category != spec.category || other.begin.byte > finding.begin.byte ||
        other.end.byte < finding.end.byte) {
        return false;
    }
    // Among fallbacks the surer one, then the earlier one in the pack.
    return !more.fallback || (more.tier != spec.tier ? more.tier < spec.tier : other.signature < finding.signature);
}

void Engine::Collector::keep_most_specific() {
    const auto begin = result_.findings.begin() + static_cast<std::ptrdiff_t>(first_);
    const auto end = result_.findings.end();
    // What covers a finding begins at its place or before. `covers` is transitive, so that it does not matter which
    // findings are gone already.
    const auto superfluous = [&](const Finding& finding) {
        if (!engine_.pack_->signatures()[finding.signature].spec.fallback) {
            return false;
        }
        for (auto other = begin; other != end && other->begin.byte <= finding.begin.byte; ++other) {
            if (covers(*other, finding)) {
                return true;
            }
        }
        return false;
    };
    result_.findings.erase(std::remove_if(begin, end, superfluous), end);
}

void Engine::Collector::finish() {
    spread_mentions();
    const auto begin = result_.findings.begin() + static_cast<std::ptrdiff_t>(first_);
    std::sort(begin, result_.findings.end(), [](const Finding& a, const Finding& b) {
        return a.begin.byte != b.begin.byte ? a.begin.byte < b.begin.byte
               : a.end.byte != b.end.byte   ? a.end.byte < b.end.byte
                                            : a.signature < b.signature;
    });
    tell_floods();
    keep_most_specific();
    Segment rest = segment_;  // what lies behind the last begin
    std::size_t passed = 0;
    for (auto finding = begin; finding != result_.findings.end(); ++finding) {
        const std::size_t size = finding->end.byte - finding->begin.byte;
        const std::size_t step = finding->begin.byte - passed;
        if (root_.ascii) {
            const auto at = [this](std::uint64_t byte) -> TextPlace {
                const TextPlace& base = segment_.begin;
                return {base.byte + byte, base.code_point + byte, base.utf16 + byte};
            };
            finding->end = at(finding->end.byte);
            finding->begin = at(finding->begin.byte);
            continue;
        }
        passed += step;
        rest.begin = place_in(rest, step);
        rest.raw.remove_prefix(step);
        finding->begin = rest.begin;
        finding->end = place_in(rest, size);
    }
    forget_seen();
    keep_limit();
    keep_decoded();
    finished_ = true;
}

void Engine::Collector::tell_floods() noexcept {
    const std::span<const Finding> mine = std::span(result_.findings).subspan(first_);
    const std::size_t signatures = flooded_ ? engine_.pack_->signatures().size() : 0;
    for (std::uint32_t signature = 0; signature < signatures; ++signature) {
        const bool full = collect_.counts.data()[signature] == per_signature();
        result_.unseen = result_.unseen || (full && std::none_of(mine.begin(), mine.end(), [=](const Finding& f) {
                                                return f.signature == signature && !f.mention;
                                            }));
    }
}

void Engine::Collector::keep_limit() {
    if (result_.entities_only || result_.findings.size() <= most_) {
        return;
    }
    const std::size_t signatures = engine_.pack_->signatures().size();
    std::uint8_t* const told = collect_.told.reserve(signatures);
    std::fill_n(told, signatures, std::uint8_t{0});
    constexpr std::uint8_t kMentioned = 1;
    constexpr std::uint8_t kMeant = 2;
    std::size_t kept = 0;
    for (std::size_t i = 0; i < result_.findings.size(); ++i) {
        const Finding& finding = result_.findings[i];
        std::uint8_t& of = told[finding.signature];
        if (i < first_ || kept < most_ || (finding.mention ? of == 0 : (of & kMeant) == 0)) {
            of = static_cast<std::uint8_t>(of | (finding.mention ? kMentioned : kMeant));
            result_.findings[kept++] = finding;
        } else {
            result_.set(Truncated::max_findings);
        }
    }
    result_.findings.resize(kept);
}

// The overlap with the segment before was seen twice.
void Engine::Collector::forget_seen() {
    const auto seen_before = [&](const Finding& finding) {
        const auto same = [&](const Finding& other) {
            return other.signature == finding.signature && finding.begin.byte < other.end.byte &&
                   other.begin.byte < finding.end.byte;
        };
        const auto before = result_.findings.begin();
        return finding.begin.byte < segment_.begin.byte + 2 * kOverlapBytes &&
               std::any_of(before, before + static_cast<std::ptrdiff_t>(first_), same);
    };
    if (first_ > 0) {
        const auto begin = result_.findings.begin() + static_cast<std::ptrdiff_t>(first_);
        result_.findings.erase(std::remove_if(begin, result_.findings.end(), seen_before), result_.findings.end());
    }
}

void Engine::Collector::keep_decoded() {
    if (children_ == nullptr) {
        return;
    }
    constexpr std::uint8_t kHiddenText = *index_of(kCategories, "hidden_text");
    std::string& decoded = result_.decoded;
    for (std::size_t i = first_; i < result_.findings.size(); ++i) {
        Finding& finding = result_.findings[i];
        const std::size_t before = decoded.size();
        if (finding.decoded_size != 0) {
            decoded += children_->stored(finding.decoded_begin, finding.decoded_size);
        } else if (engine_.pack_->signatures()[finding.signature].spec.category == kHiddenText) {
            keep_hidden(static_cast<std::size_t>(finding.begin.byte - segment_.begin.byte),
                        static_cast<std::size_t>(finding.end.byte - segment_.begin.byte));
        }
        finding.decoded_size = static_cast<std::uint32_t>(decoded.size() - before);
        finding.decoded_begin = finding.decoded_size == 0 ? 0 : static_cast<std::uint32_t>(before);
    }
}

void Engine::Collector::keep_hidden(std::size_t begin, std::size_t end) {
    for (std::size_t i = 0; i < children_->size(); ++i) {
        const Child& child = (*children_)[i];
        if (!is_hidden_channel(child.kind) || child.depth != 1) {
            continue;
        }
        // What hides in characters of their own is decoded in their order.
        const std::span<const Origin> origins = children_->origins(i);
        const auto first = std::partition_point(origins.begin(), origins.end(),
                                                [begin](const Origin& place) { return place.begin < begin; });
        auto last = first;
        while (last != origins.end() && last->end <= end && last - first <= std::ptrdiff_t{kMostDecodedText}) {
            ++last;
        }
        if (first != last) {
            const auto at = static_cast<std::size_t>(first - origins.begin());
            result_.decoded += shortened(children_->text(i).substr(at, static_cast<std::size_t>(last - first)));
            return;
        }
    }
}

}  // namespace fastguard
