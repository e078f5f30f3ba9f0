#include "fastguard/engine.h"

#include "engine_collector.h"
#include "engine_learner.h"
#include "fastguard/error.h"
#include "fastguard/redaction.h"

#include <algorithm>
#include <chrono>
#include <limits>
#include <new>

namespace fastguard {
namespace {

constexpr std::size_t kMaxCandidates = 8192;  // in a view of a segment
constexpr std::size_t kMaxPerPhrase = 100;    // the same of one phrase
constexpr std::size_t kMaxMatches = 512;      // the same of all, beside one of each
constexpr std::size_t kMaxFound = 10'000;     // by `find`, which no limit of the policy may keep from finding

std::uint8_t source_bit(std::uint8_t source) noexcept { return static_cast<std::uint8_t>(1U << source); }

std::int64_t now_ns() noexcept {
    return std::chrono::nanoseconds(std::chrono::steady_clock::now().time_since_epoch()).count();
}

bool contains(const std::vector<std::string>& list, const std::string& value) {
    return std::find(list.begin(), list.end(), value) != list.end();
}

}  // namespace

Scratch& thread_scratch() {
    static thread_local Scratch scratch;
    return scratch;
}

void CheckResult::clear() noexcept {
    action = Action::allow;
    tier = Depth::gate;
    score = 0.0F;
    level = kLevels;
    truncated = 0;
    degraded = 0;
    invalid = 0;
    undecided = false;
    open = false;
    categories = {};
    findings.clear();
    decoded.clear();
    gate_logits.fill(-std::numeric_limits<float>::infinity());
    model_logits.fill(-std::numeric_limits<float>::infinity());
    gate_windows = 0;
    gate_words = 0;
    framed = false;
    framed_windows = talked_about = 0;
    left_logits.fill(-std::numeric_limits<float>::infinity());
    milli_tokens = counted_bytes = 0;
    over_tokens = false;
    unseen = false;
    toxicity = -std::numeric_limits<float>::infinity();
    spent_ns = 0;
    until_ns = 0;
    window_ids.clear();
    window_dense.clear();
    window_scores.clear();
}

Engine::Engine(std::shared_ptr<const Pack> pack, Policy policy, std::shared_ptr<const Gate> gate,
               std::shared_ptr<const DeepTier> deep)
    : pack_(std::move(pack)),
      policy_(std::move(policy)),
      gate_(std::move(gate)),
      deep_(std::move(deep)),
      words_(WordTables::none()),
      plain_words_(WordTables::none()),
      hosts_(policy_.allow_hosts) {
    words_.filter = &pack_->folded_concepts().filter();
    plain_words_.filter = words_.filter;
    if (gate_ != nullptr) {
        words_.rows = gate_->rows();
    }
    makes_children_ = policy_.max_depth > 0 && policy_.children.children > 0 && policy_.children.bytes > 0;
    for (const Signature& signature : pack_->signatures()) {
        const SignatureSpec& spec = signature.spec;
        const bool on = (spec.enabled || contains(policy_.enabled, spec.id)) && !contains(policy_.disabled, spec.id);
        const bool entity = is_entity(spec.category);
        source_bits_.push_back(on ? spec.sources : std::uint8_t{0});
        entity_bits_.push_back(entity ? source_bits_.back() : std::uint8_t{0});
        has_entity_phrases_ = has_entity_phrases_ || (on && entity && spec.kind == SignatureKind::phrase);
        finds_links_ = finds_links_ || (on && spec.candidate == "link");
        finds_load_ = finds_load_ || (on && spec.candidate == "load");
    }
    for (const auto& [validator, signature] : pack_->candidates()) {
        if (source_bits_[signature] != 0) {
            wanted_ |= validator_bit(validator);
        }
    }
    for (const std::string& phrase : policy_.allow_phrases) {
        allowed_.push_back(fold_text(phrase));
        if (allowed_.back().empty()) {
            throw BuildError("an allowed phrase is empty", "", "allow.phrases");
        }
    }
}

bool Engine::counts(const Label& label, std::uint8_t source) noexcept {
    return (label.sources & source_bit(source)) != 0;
}

bool Engine::gate_decides(const CheckResult& result, std::uint8_t source) const noexcept {
    const std::span<const Label> labels = gate_->labels();
    const LabelScores& logits = result.framed ? result.left_logits : result.gate_logits;
    const float length = result.framed ? length_of(result.gate_windows, result.left_words) : result.length();
    for (std::size_t l = 0; l < labels.size(); ++l) {
        if (counts(labels[l], source) && !labels[l].decided_by(logits[l], length)) {
            return false;
        }
    }
    return true;
}

// A part that the gate refutes cannot leave the whole text open: that has more windows still.
bool Engine::gate_refutes(const GateResult& part, std::uint8_t source) const noexcept {
    const std::span<const Label> labels = gate_->labels();
    const float length = length_of(part.windows, kBriefWords);
    for (std::size_t l = 0; l < labels.size(); ++l) {
        if (counts(labels[l], source) && !labels[l].refuted_by(part.logits[l], length)) {
            return false;
        }
    }
    return true;
}

void Engine::check(const Text& text, std::uint8_t source, Scratch& scratch, CheckResult& result) const noexcept {
    begin(result);
    try {
        SegmentReader reader(text, policy_.max_bytes, scratch.transcoded);
        for (Segment segment; goes_on(result) && reader.next(segment);) {
            read(segment, source, scratch, result);
        }
        if (reader.truncated()) {
            result.set(Truncated::max_bytes);
        }
    } catch (const std::bad_alloc&) {
        result.set(Degraded::memory);
    }
    end(source, result);
}

void Engine::begin(CheckResult& result) noexcept { result.clear(); }

bool Engine::goes_on(const CheckResult& result) noexcept {
    return !result.has(Degraded::memory) && !result.has(Truncated::budget_us);
}

std::int64_t Engine::budget_ns(const CheckResult& result) const noexcept {
    return result.untimed ? 0 : static_cast<std::int64_t>(policy_.budget_us) * 1000;
}

bool Engine::is_late(CheckResult& result) noexcept {
    if (result.until_ns == 0 || now_ns() < result.until_ns) {
        return false;
    }
    result.set(Truncated::budget_us);
    return true;
}

void Engine::read(const Segment& segment, std::uint8_t source, Scratch& scratch, CheckResult& result) const noexcept {
    if (!goes_on(result)) {
        return;
    }
    const std::int64_t budget = budget_ns(result);
    if (budget != 0) {
        if (result.spent_ns >= budget) {
            result.set(Truncated::budget_us);
            return;
        }
        result.until_ns = now_ns() + budget - result.spent_ns;
    }
    try {
        scan_segment(segment, source, true, scratch, result);
    } catch (const std::bad_alloc&) {
        result.set(Degraded::memory);
    }
    if (budget != 0) {
        result.spent_ns = now_ns() - (result.until_ns - budget);
    }
}

void Engine::find(const Segment& segment, std::uint8_t source, Scratch& scratch, CheckResult& result) const noexcept {
    try {
        scan_segment(segment, source, false, scratch, result);
    } catch (const std::bad_alloc&) {
        result.set(Degraded::memory);
    }
}

void Engine::weigh(std::uint8_t source, CheckResult& result) const noexcept { conclude({}, source, result); }

// Whether a text is blocked for nothing but that it hides something: what that says is still to be judged.
bool Engine::blocks_as_hidden_alone(std::uint8_t source, const CheckResult& result) const noexcept {
    constexpr std::size_t kHidden = *index_of(kCategories, "hidden_text");
    for (std::size_t c = 0; c < kCategoryCount; ++c) {
        const std::uint8_t level = result.categories[c].level;
        if (c != kHidden && level != 0 && level <= policy_.actions[source][c].block) {
            return false;
        }
    }
    return true;
}

void Engine::end(std::uint8_t source, CheckResult& result) const noexcept {
    const bool gate_open = gate_ != nullptr && !gate_decides(result, source);
    const bool deep_open = deep_ != nullptr && (gate_ == nullptr || gate_->decides_all()) &&
                           leaves_to_deep(learn(result.gate_logits, result.length(), false, source), source);
    if (!result.has(Degraded::memory) && (gate_open || deep_open)) {
        // Only what the signatures say by themselves settles a text that the tiers so far leave open.
        conclude({}, source, result);
        const bool settled = result.action == Action::block && !blocks_as_hidden_alone(source, result);
        result.undecided = gate_open && !settled;
        result.open = deep_open && !settled;
    }
    const std::int64_t budget = budget_ns(result);
    if (budget != 0 && result.spent_ns >= budget && (result.undecided || result.open)) {
        result.set(Truncated::budget_us);
        result.undecided = result.open = false;
    }
    fuse(counting(result.gate_logits, result.left_logits, false, source, result), false, source, result);
    if (result.undecided && policy_.depth == Depth::gate) {
        result.undecided = false;
        result.action = std::max(result.action, Action::escalate);
    }
}

void Engine::scan_segment(const Segment& segment, std::uint8_t source, bool learns, Scratch& scratch,
                          CheckResult& result) const {
    pack_->scanner().prepare(scratch.patterns);
    Reading reading;
    read_segment(segment, learns ? words_ : plain_words_, scratch.reading, reading);
    result.invalid += reading.stats.invalid;
    Collector collector(*this, segment, reading, source, scratch, result);
    if (!learns) {
        collector.keep(kMaxFound);
    }
    scan_reading(reading, scratch.reading, scratch, collector);
    scan_load(segment, reading, learns, collector);
    learns = learns && gate_ != nullptr;
    GateResult whole;  // as it stands
    if (learns) {
        whole = gate_->score(reading.blocks, reading.dense, scratch.window_scores.reserve(reading.blocks.size()));
    }
    const bool unsure = learns && !gate_refutes(whole, source);
    const std::uint64_t in_words = makes_children_ ? scan_children(reading, unsure, scratch, collector) : 0;
    collector.finish();
    if (learns) {
        // Where time is up, the text counts as it stands.
        const bool late = result.has(Truncated::budget_us);
        Learner learner(*this, source, scratch, result);
        learner.run(reading, whole, late ? 0 : in_words);
        const bool spoken = (source_bit(source) & kSpokenSources) != 0;
        if (unsure && spoken && !late && in_words == 0 && segment.first && segment.last) {
            learner.leave_out_quotations(reading);
        }
    }
}

void Engine::scan_reading(const Reading& reading, ReadingScratch& buffers, Scratch& scratch,
                          Collector& collector) const {
    scan_patterns(reading, reading.raw, scratch, collector);
    scan_candidates(reading, reading.raw, reading.raw_masks, scratch, collector);
    if (!reading.ascii && reading.stats.changed) {
        scan_patterns(reading, reading.folded, scratch, collector);
    }
    if (!reading.ascii) {  // white space that is not ASCII parts the groups of numbers, too
        scan_candidates(reading, reading.folded, reading.folded_masks, scratch, collector);
    }
    scan_phrases(reading, buffers, scratch, collector);
    scan_links(reading, scratch, collector);
    scan_protected(reading, collector);
}

void Engine::scan_patterns(const Reading& reading, const View& view, Scratch& scratch, Collector& collector) const {
    const Scanner& scanner = pack_->scanner();
    if (!collector.asks(SignatureKind::pattern)) {
        return;
    }
    if (!scanner.scan(view.bytes, scratch.patterns)) {
        collector.result().set(Degraded::scanner);
        return;
    }
    // Where folding changes nothing but case and white space, the raw bytes stand for the folded ones as well:
    // signatures of the folded view are compiled caseless and lint holds them to \s for white space.
    const bool both = reading.ascii || !reading.stats.changed;
    for (std::size_t i = 0; i < scratch.patterns.hit_count; ++i) {
        const std::uint32_t pattern = scratch.patterns.hits.data()[i];
        const std::uint32_t signature = pack_->pattern_signatures()[pattern];
        const Signature& found = pack_->signatures()[signature];
        const auto shown = collector.shown(found.spec, view.kind, both);
        if (!collector.wants(signature) || !shown) {
            continue;
        }
        bool truncated = false;
        for (const PatternSpan& span :
             scanner.spans(pattern, view.bytes, Scanner::kMaxSpans, scratch.patterns, truncated)) {
            std::string_view match = view.bytes.substr(span.begin, span.end - span.begin);
            if (found.spec.keep_value) {
                match = assigned_value(match);
            }
            const bool accepted = !match.empty() &&
                                  (found.spec.entropy <= 0.0 || shannon_entropy(match) >= found.spec.entropy) &&
                                  std::all_of(found.validators.begin(), found.validators.end(),
                                              [match](ValidatorId validator) { return validate(validator, match); });
            if (accepted) {
                const auto begin = static_cast<std::size_t>(match.data() - view.bytes.data());
                collector.add(signature, view, *shown, begin, begin + match.size());
            }
        }
        if (truncated) {
            collector.flooded();
        }
    }
}

void Engine::scan_candidates(const Reading& reading, const View& view, const ByteMasks& masks, Scratch& scratch,
                             Collector& collector) const {
    if (view.bytes.empty() || !collector.asks(SignatureKind::candidate)) {
        return;
    }
    const CandidateMasks wanted = {masks.digit, masks.at, masks.colon,
                                   (view.bytes.size() + kBlockBytes - 1) / kBlockBytes};
    bool truncated = false;
    Candidate* found = scratch.candidates.reserve(kMaxCandidates);
    const std::size_t count = find_candidates(view.bytes, wanted, wanted_, {found, kMaxCandidates}, truncated);
    if (truncated) {
        collector.flooded();
    }
    const bool both = reading.ascii || !reading.stats.changed;  // as for patterns
    for (std::size_t i = 0; i < count; ++i) {
        const std::string_view match = view.bytes.substr(found[i].begin, found[i].end - found[i].begin);
        for (const auto& [validator, signature] : pack_->candidates()) {
            const Signature& candidate = pack_->signatures()[signature];
            const auto shown = collector.shown(candidate.spec, view.kind, both);
            if (validator != found[i].accepted || !collector.wants(signature) || !shown) {
                continue;
            }
            if (std::all_of(candidate.validators.begin() + 1, candidate.validators.end(),
                            [match](ValidatorId more) { return validate(more, match); })) {
                collector.add(signature, view, *shown, found[i].begin, found[i].end);
            }
        }
    }
    scan_identifiers(reading, view, masks, {found, count}, scratch, collector);
}

void Engine::scan_phrases(const Reading& reading, ReadingScratch& buffers, Scratch& scratch,
                          Collector& collector) const {
    if (!collector.asks(SignatureKind::phrase) || (collector.result().entities_only && !has_entity_phrases_)) {
        return;
    }
    const auto run = [&](const ConceptTable& concepts, const PhraseMatcher& phrases, const View& view,
                         std::span<const Token> tokens, std::span<const Starter> starters) {
        concepts.find(view.bytes, tokens, starters, phrases, scratch.phrases);
        if (scratch.phrases.event_count == 0) {
            return;
        }
        bool truncated = false;
        PhraseMatch* const matches = scratch.matches.reserve(kMaxMatches + phrases.size());
        const std::size_t count =
            phrases.match(scratch.phrases, kMaxPerPhrase, {matches, kMaxMatches + phrases.size()}, truncated);
        if (truncated) {
            collector.flooded();
        }
        for (std::size_t i = 0; i < count; ++i) {
            if (collector.wants(matches[i].tag)) {
                collector.add(matches[i].tag, view, collector.shown(view.kind), tokens[matches[i].first].begin,
                              tokens[matches[i].last].end);
            }
        }
    };
    run(pack_->folded_concepts(), collector.phrases(false), reading.folded, reading.tokens, reading.starters);
    if (!policy_.looks_into(ViewKind::skeleton)) {
        return;
    }
    std::array<Part, kMaxParts> parts;
    const std::size_t count =
        disguised_parts(reading, pack_->folded_concepts(), pack_->skeleton_concepts(), std::span(parts));
    for (std::size_t i = 0; i < count; ++i) {
        const Skeleton skeleton = read_skeleton(reading, parts[i], pack_->skeleton_concepts().filter(), buffers);
        run(pack_->skeleton_concepts(), collector.phrases(true), skeleton.view, skeleton.tokens, skeleton.starters);
    }
}

}  // namespace fastguard
