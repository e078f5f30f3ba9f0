// A text that quotes attacks, scored without what it only talks about.
#include "engine_learner.h"

#include <algorithm>
#include <array>
#include <limits>
#include <utility>

namespace fastguard {
namespace {

constexpr std::size_t kMostFramed = 8192;      // bytes of a text that is scored without its quotations
constexpr std::size_t kMostFramedWindows = 7;  // the same; with those of what is left they all reach the model
constexpr float kSpeaks = 0.6F;                // probability from which a quotation is more than the rest of a sentence

}  // namespace

// Whether the gate takes a text by itself rather for an attack.
bool Engine::Learner::speaks(std::string_view text) {
    char* copy = scratch_.learn.text.reserve(text.size() + kViewPadding);
    std::copy(text.begin(), text.end(), copy);
    Segment segment;
    segment.raw = {copy, text.size()};
    Reading reading;
    read_segment(segment, engine_.words_, scratch_.learn.part, reading);
    float* scores = scratch_.window_scores.reserve(reading.blocks.size());
    const GateResult gate = engine_.gate_->score(reading.blocks, reading.dense, scores);
    const float length = length_of(gate.windows, reading.tokens.size());
    const std::span<const Label> labels = engine_.gate_->labels();
    for (std::size_t l = 0; l < labels.size(); ++l) {
        if (counts(labels[l], source_) && labels[l].gate_speaks() &&
            labels[l].gate(gate.logits[l], length) >= kSpeaks) {
            return true;
        }
    }
    return false;
}

void Engine::Learner::leave_out_quotations(const Reading& segment) {
    const std::string_view raw = segment.raw.bytes;
    std::array<Part, Mentions::kMostQuotations> quoted;
    if (raw.size() > kMostFramed || window_count(segment.tokens.size()) > kMostFramedWindows) {
        return;
    }
    const std::size_t told = engine_.pack_->mentions().talked_about(segment, std::span(quoted), scratch_.phrases);
    const auto is_innocent = [&](const Part& part) {
        const RawSpan span = raw_span(segment.folded, part.begin, part.end);
        return !speaks(raw.substr(span.begin, span.end - span.begin));
    };
    // Where the quotations say nothing, it is the rest that speaks, and it speaks with them.
    const auto count = static_cast<std::size_t>(
        std::remove_if(quoted.begin(), quoted.begin() + static_cast<std::ptrdiff_t>(told), is_innocent) -
        quoted.begin());
    if (count == 0) {
        return;
    }
    char* rest = scratch_.learn.text.reserve(raw.size() + count + kViewPadding);
    std::size_t size = 0;
    std::size_t at = 0;
    for (const Part& part : std::span(quoted).first(count)) {
        const RawSpan span = raw_span(segment.folded, part.begin, part.end);
        const std::size_t begin = std::max<std::size_t>(at, span.begin);
        std::copy(raw.begin() + at, raw.begin() + begin, rest + size);
        size += begin - at;
        rest[size++] = ' ';
        at = span.end;
    }
    std::copy(raw.begin() + at, raw.end(), rest + size);
    size += raw.size() - at;
    const LabelScores said = result_.gate_logits;
    const std::size_t kept = result_.window_scores.size();
    const std::uint32_t words = result_.gate_words;
    const float toxicity = result_.toxicity;
    result_.gate_logits.fill(-std::numeric_limits<float>::infinity());
    result_.gate_words = 0;
    const std::size_t windows = score_text(size);
    const std::uint32_t left_words = std::exchange(result_.gate_words, words);
    result_.toxicity = toxicity;
    if (windows == 0) {  // too little is left to say what it is about
        result_.gate_logits = said;
        return;
    }
    result_.framed = true;
    result_.said_words = words;
    result_.left_words = left_words;
    for (std::size_t i = kept; i < result_.window_scores.size(); ++i) {
        result_.framed_windows |= std::uint32_t{1} << i;
    }
    for (std::size_t l = 0; l < kGateLabels; ++l) {
        result_.left_logits[l] = std::min(result_.gate_logits[l], said[l]);
    }
    result_.gate_logits = said;
}

}  // namespace fastguard
