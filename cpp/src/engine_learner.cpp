#include "engine_learner.h"

#include "toxicity.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>

namespace fastguard {
namespace {

constexpr std::size_t kContext = 512;   // bytes around a child that are scored with it, to each side
constexpr std::size_t kLeastWords = 3;  // of a text that is scored at all beside the whole
constexpr std::size_t kLongWord = 20;   // letters of a word, on average, that is none
constexpr std::uint32_t kNarrow = 8;    // bytes that can say nothing by themselves

bool is_blank(char c) noexcept { return c == ' ' || (c >= '\t' && c <= '\r'); }
bool is_letter(char c) noexcept {
    const auto u = static_cast<unsigned char>(c);
    return (u | 0x20U) - 'a' < 26U || u >= 0x80;
}

// For each byte of a folded word: bit 0: a vowel or part of a letter that is not ASCII; bit 1: no letter; bit 2: a
// character begins here. A word may be spoken where it has letters alone, one of them so.
constexpr unsigned kSounding = 1;
constexpr auto kSounds = [] {
    std::array<std::uint8_t, 256> sounds{};
    for (unsigned c = 0; c < 256; ++c) {
        const bool letter = (c | 0x20U) - 'a' < 26U || c >= 0x80;
        const bool vowel = c >= 0x80 || std::string_view("aeiouy").find(static_cast<char>(c)) != std::string_view::npos;
        sounds[c] =
            static_cast<std::uint8_t>((vowel ? 1U : 0U) | (letter ? 0U : 2U) | ((c & 0xC0U) == 0x80U ? 0U : 4U));
    }
    return sounds;
}();

// Whether a piece of text is in words, as far as one sees without reading it.
bool looks_like_words(std::string_view text) noexcept {
    std::size_t seen = 0;
    std::size_t letters = 0;
    std::size_t words = 0;
    bool inside = false;
    for (const char c : text) {
        seen += is_blank(c) ? 0U : 1U;
        letters += is_letter(c) ? 1U : 0U;
        words += is_letter(c) && !inside ? 1U : 0U;
        inside = is_letter(c);
    }
    return 5 * letters >= 3 * seen && 2 * letters >= 5 * words && letters <= kLongWord * words;
}

// What only sentences are: attacks by what they ask for.
bool is_of_orders(std::uint8_t category) noexcept {
    const std::string_view name = kCategories[category];
    return name == "prompt_injection" || name == "jailbreak" || name == "system_prompt_leak";
}

// One word or two are no sentence: what is asked or ordered with so few, signatures know.
bool is_too_short(const Reading& reading) noexcept {
    return !reading.tokens.empty() && reading.tokens.size() < kLeastWords &&
           std::all_of(reading.tokens.begin(), reading.tokens.end(),
                       [](const Token& token) { return token.size() <= kLongWord; });
}

std::uint64_t bit(std::size_t child) noexcept { return std::uint64_t{1} << child; }

// Sets the bits of bytes [begin, end).
void set_bits(std::uint64_t* bits, const Origin& place) noexcept {
    for (std::uint32_t at = place.begin; at < place.end;) {
        const std::uint32_t end = std::min(place.end, (at / 64 + 1) * 64);
        bits[at / 64] |= ~std::uint64_t{0} >> (64 - (end - at)) << (at % 64);
        at = end;
    }
}

// From the first to the last byte of the segment that carries any of it.
Origin extent(std::span<const Origin> origins) noexcept {
    Origin all = origins.front();
    for (const Origin& one : origins) {
        all = {std::min(all.begin, one.begin), std::max(all.end, one.end)};
    }
    return all;
}

}  // namespace

bool is_in_words(const Reading& reading) noexcept {
    const std::string_view text = reading.folded.bytes;
    const auto seen = static_cast<std::size_t>(
        std::count_if(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) > 0x20; }));
    std::size_t words = 0;
    std::size_t spoken = 0;
    std::size_t letters = 0;     // bytes
    std::size_t characters = 0;  // the same
    for (const Token& token : reading.tokens) {
        if (is_letter(text[token.begin])) {
            unsigned kinds = 0;
            std::size_t begun = 0;  // characters
            for (std::size_t at = token.begin; at < token.end; ++at) {
                const unsigned kind = kSounds[static_cast<unsigned char>(text[at])];
                kinds |= kind;
                begun += kind >> 2U;
            }
            ++words;
            letters += token.size();
            characters += begun;
            spoken += (kinds & 3U) == kSounding ? 1U : 0U;
        }
    }
    return words >= kLeastWords && 5 * spoken >= 3 * words && 2 * letters >= 5 * words &&
           characters <= kLongWord * words && 2 * (letters + reading.counts.digit) >= seen;
}

// The strongest kModelWindows windows of all, for the model.
void Engine::keep_windows(const Reading& reading, const float* scores, CheckResult& result) const {
    const std::size_t windows = window_count(reading.tokens.size());
    for (std::size_t w = 0; w < windows; ++w) {
        if (std::isinf(scores[w])) {
            continue;
        }
        std::size_t slot = result.window_scores.size();
        if (slot == kModelWindows) {
            const auto weakest = std::min_element(result.window_scores.begin(), result.window_scores.end());
            if (*weakest >= scores[w]) {
                continue;
            }
            slot = static_cast<std::size_t>(weakest - result.window_scores.begin());
            *weakest = scores[w];
        } else {
            result.window_scores.push_back(scores[w]);
            result.window_ids.resize((slot + 1) * kWindowIds);
            result.window_dense.resize((slot + 1) * kDenseFeatures);
        }
        window_ids(reading.ids, w, result.window_ids.data() + slot * kWindowIds);
        std::copy(reading.dense.begin(), reading.dense.end(),
                  result.window_dense.begin() + static_cast<std::ptrdiff_t>(slot * kDenseFeatures));
    }
}

std::size_t Engine::Learner::score(const Reading& reading, std::span<const std::uint8_t> silent) {
    float* scores = scratch_.window_scores.reserve(reading.blocks.size());
    return add(reading, engine_.gate_->score(reading.blocks, reading.dense, scores, silent), scores, silent);
}

std::size_t Engine::Learner::add(const Reading& reading, GateResult gate, const float* scores,
                                 std::span<const std::uint8_t> silent) {
    if (is_too_short(reading)) {
        const std::span<const Label> labels = engine_.gate_->labels();
        for (std::size_t l = 0; l < labels.size(); ++l) {
            gate.logits[l] =
                is_of_orders(labels[l].category) ? -std::numeric_limits<float>::infinity() : gate.logits[l];
        }
    }
    for (std::size_t l = 0; l < kGateLabels; ++l) {
        result_.gate_logits[l] = std::max(result_.gate_logits[l], gate.logits[l]);
    }
    if (gate.windows > 0 && !is_too_short(reading)) {
        result_.toxicity = std::max(result_.toxicity, toxicity_logit(reading.blocks, silent));
    }
    result_.gate_words = std::max(result_.gate_words, static_cast<std::uint32_t>(reading.tokens.size()));
    if (gate.windows > 0 && engine_.policy_.depth != Depth::gate && !engine_.gate_refutes(gate, source_)) {
        engine_.keep_windows(reading, scores, result_);
    }
    return gate.windows;
}

// Scores the first `size` bytes of scratch.learn.text, if they are a text.
std::size_t Engine::Learner::score_text(std::size_t size) {
    Segment segment;
    segment.raw = {scratch_.learn.text.data(), size};
    Reading reading;
    read_segment(segment, engine_.words_, scratch_.learn.part, reading);
    return reading.tokens.size() < kLeastWords ? 0 : score(reading);
}

void Engine::Learner::mark(std::size_t child) noexcept {
    const std::string_view said = scratch_.children.text(child);
    const std::span<const Origin> origins = scratch_.children.origins(child);
    // What follows on from byte to byte is set as one.
    Origin run = {0, 0};
    const auto set = [&run, bits = scratch_.learn.carried.data()](const Origin& place) {
        if (place.begin == run.end) {
            run.end = place.end;
            return;
        }
        set_bits(bits, run);
        run = place;
    };
    for (std::size_t i = 0; i < said.size(); ++i) {
        while (i < said.size() && origins[i].begin == run.end && origins[i].end == run.end + 1) {
            ++run.end;
            ++i;
        }
        if (i == said.size()) {
            break;
        }
        if (i > 0 && origins[i] == origins[i - 1] && !is_blank(said[i - 1])) {
            continue;
        }
        // A blank may stand for a whole tag: what is in there is not said.
        if (is_blank(said[i]) && origins[i].end - origins[i].begin > kNarrow) {
            continue;
        }
        set(origins[i]);
    }
    for (const Origin& place : scratch_.children.passed(child)) {
        set(place);
    }
    set_bits(scratch_.learn.carried.data(), run);
}

bool Engine::Learner::carried(const Node& node, std::size_t at) const noexcept {
    const std::uint64_t* bits = scratch_.learn.carried.data();
    const auto i = static_cast<std::uint32_t>(at);
    const Origin place = node.origins.empty() ? Origin{i, i + 1} : node.origins[at];
    for (std::uint32_t byte = place.begin; byte < place.end; ++byte) {
        if ((bits[byte / 64] >> (byte % 64) & 1U) == 0) {
            return false;
        }
    }
    return true;
}

bool Engine::Learner::carries_word(const Node& node, std::span<const Token> tokens) const noexcept {
    const View& folded = node.reading.folded;
    // Most of a text carries nothing: of the segment itself, that shows 64 bytes at a time.
    if (node.origins.empty()) {
        const std::uint64_t* bits = scratch_.learn.carried.data();
        const std::size_t last = folded.raw_begin(tokens.back().end - 1) / 64;
        std::size_t word = folded.raw_begin(tokens.front().begin) / 64;
        while (word <= last && bits[word] == 0) {
            ++word;
        }
        if (word > last) {
            return false;
        }
    }
    return std::any_of(tokens.begin(), tokens.end(), [&](const Token& token) {
        for (std::size_t at = token.begin; at < token.end; ++at) {
            if (carried(node, folded.raw_begin(at))) {
                return true;
            }
        }
        return false;
    });
}

std::uint64_t Engine::Learner::made_of(std::size_t child) const noexcept {
    std::uint64_t family = bit(child);
    for (std::size_t i = child + 1; i < scratch_.children.size(); ++i) {
        const std::uint8_t parent = scratch_.children[i].parent;
        family |= parent < kMaxChildren && (family & bit(parent)) != 0 ? bit(i) : 0;
    }
    return family & in_words_ & ~bit(child);
}

DenseFeatures Engine::Learner::dense_of_rest(const Node& node) {
    const std::string_view text = node.reading.raw.bytes;
    char* rest = scratch_.learn.text.reserve(text.size() + kViewPadding);
    std::size_t size = 0;
    const auto keep = [&](std::size_t begin, std::size_t end) {
        for (std::size_t at = begin; at < end; ++at) {
            rest[size] = text[at];
            size += carried(node, at) ? 0U : 1U;
        }
    };
    if (!node.origins.empty()) {
        keep(0, text.size());
    }
    // Of the segment itself, 64 bytes at a time: most carry nothing, or all of them something.
    for (std::size_t begin = 0; node.origins.empty() && begin < text.size(); begin += kBlockBytes) {
        const std::uint64_t bits = scratch_.learn.carried.data()[begin / kBlockBytes];
        const std::size_t end = std::min(text.size(), begin + kBlockBytes);
        if (bits == 0) {
            std::memcpy(rest + size, text.data() + begin, end - begin);
            size += end - begin;
        } else if (~bits != 0) {
            keep(begin, end);
        }
    }
    if (size == 0 || size == text.size()) {
        return node.reading.dense;
    }
    Segment segment;
    segment.raw = {rest, size};
    return read_dense(segment, scratch_.learn.part);
}

std::size_t Engine::Learner::score_rest(const Node& node) {
    const Reading& reading = node.reading;
    const std::size_t blocks = reading.blocks.size();
    const std::size_t windows = window_count(reading.tokens.size());
    std::uint8_t* touched = scratch_.learn.touched.reserve(2 * blocks + 2);
    std::uint8_t* silent = touched + blocks + 1;
    std::fill(touched, touched + 2 * blocks + 2, std::uint8_t{0});
    for (std::size_t first = 0; first < reading.tokens.size(); first += kStrideTokens) {
        const std::size_t last = std::min(reading.tokens.size(), first + kStrideTokens);
        touched[first / kStrideTokens] = carries_word(node, {reading.tokens.data() + first, last - first}) ? 1 : 0;
    }
    for (std::size_t w = 0; w < windows; ++w) {
        silent[w] = touched[w] | touched[w + 1] | (reading.tokens.empty() ? 1U : 0U);
    }
    Reading rest = reading;
    rest.dense = dense_of_rest(node);
    std::size_t counted = score(rest, {silent, windows});
    // Windows that do not count, run by run: window w is of blocks w and w + 1.
    for (std::size_t w = 0; w < windows;) {
        if (silent[w] == 0) {
            ++w;
            continue;
        }
        const std::size_t first = w;
        while (w < windows && silent[w] != 0) {
            ++w;
        }
        counted += score_gap(node, first * kStrideTokens, std::min(reading.tokens.size(), (w + 1) * kStrideTokens));
    }
    return counted;
}

std::size_t Engine::Learner::score_gap(const Node& node, std::size_t begin, std::size_t end) {
    // Words alone, each once: marks, single letters and names said over and over are what disguises leave behind.
    const View& folded = node.reading.folded;
    char* rest = scratch_.learn.text.reserve(folded.bytes.size() + end - begin + kViewPadding);
    std::array<std::uint32_t, 512> known{};  // by hash: the rest of it, and whether it was there twice
    std::size_t size = 0;
    for (std::size_t i = begin; i < end; ++i) {
        const Token& token = node.reading.tokens[i];
        const std::size_t word = size;
        for (std::size_t at = token.begin; at < token.end; ++at) {
            if (!carried(node, folded.raw_begin(at))) {
                rest[size++] = folded.bytes[at];
            }
        }
        const bool is_word = size - word >= 2 && size - word <= 2 * kLongWord;
        const auto hash = static_cast<std::uint32_t>(is_word ? hash_bytes(rest + word, size - word) >> 32U : 0);
        std::uint32_t& before = known[hash % known.size()];
        if (!is_word || before == (hash | 1U)) {
            size = word;
            continue;
        }
        before = before == (hash & ~1U) ? hash | 1U : hash & ~1U;
        rest[size++] = ' ';
    }
    return score_text(size);
}

std::size_t Engine::Learner::score_in_place(std::uint64_t& children) {
    struct Placed {
        std::size_t child;
        Origin place;
    };
    std::array<Placed, kMaxChildren> placed;
    std::size_t count = 0;
    for (std::uint64_t left = children; left != 0; left &= left - 1) {
        const auto child = static_cast<std::size_t>(std::countr_zero(left));
        placed[count++] = {child, extent(scratch_.children.origins(child))};
    }
    std::sort(placed.begin(), placed.begin() + static_cast<std::ptrdiff_t>(count),
              [](const Placed& a, const Placed& b) {
                  return a.place.begin != b.place.begin ? a.place.begin < b.place.begin : a.child < b.child;
              });
    std::size_t room = kViewPadding + 2 * (kContext + kCutWindow);
    for (std::size_t i = 0; i < count; ++i) {
        room += scratch_.children.text(placed[i].child).size() + 2 * (kContext + kCutWindow) + 2;
    }
    char* text = scratch_.learn.text.reserve(room);
    std::size_t size = 0;
    const auto put = [&](std::string_view bytes) {
        size = static_cast<std::size_t>(std::copy(bytes.begin(), bytes.end(), text + size) - text);
    };
    const auto put_words = [&](std::size_t begin, std::size_t end) {
        const std::string_view context = text_.substr(begin, end - begin);
        put(looks_like_words(context) ? context : " ");
    };
    const auto before = [&](std::size_t at, std::size_t lowest) {
        return at - lowest <= kContext ? lowest : std::max(lowest, cut_before(text_.data(), at - kContext, lowest));
    };
    const auto behind = [&](std::size_t at) {
        return text_.size() - at <= kContext ? text_.size() : cut_before(text_.data(), at + kContext, at);
    };
    std::size_t at = 0;  // of the segment, behind what is in the text
    bool first = true;
    for (std::size_t i = 0; i < count; ++i) {
        const Origin place = placed[i].place;
        if (!first && place.begin < at) {
            continue;
        }
        const std::size_t reached = first ? 0 : behind(at);
        if (!first && reached < place.begin) {
            put_words(at, reached);
            put(" ");
            at = reached;
        }
        const std::size_t from = before(place.begin, at);
        put_words(from, place.begin);
        put(scratch_.children.text(placed[i].child));
        at = place.end;
        first = false;
        children &= ~bit(placed[i].child);
    }
    put_words(at, behind(at));
    return score_text(size);
}

void Engine::Learner::run(const Reading& segment, const GateResult& gate, std::uint64_t in_words) {
    // Of what has no words at all nothing is learned but that something is hidden in it.
    const bool wordless = segment.tokens.empty() && engine_.makes_children_ && scratch_.children.size() > 0;
    if (in_words == 0 && !wordless) {
        result_.gate_windows += static_cast<std::uint32_t>(add(segment, gate, scratch_.window_scores.data(), {}));
        return;
    }
    text_ = segment.raw.bytes;
    in_words_ = in_words;
    const std::size_t words = text_.size() / 64 + 1;
    std::uint64_t* bits = scratch_.learn.carried.reserve(words);
    const auto mark_all = [&](std::uint64_t children) {
        std::fill(bits, bits + words, 0U);
        for (; children != 0; children &= children - 1) {
            mark(static_cast<std::size_t>(std::countr_zero(children)));
        }
    };
    mark_all(in_words);
    std::size_t windows = score_rest({segment, {}});
    std::uint64_t plain = 0;  // that nothing is made of
    for (std::uint64_t left = in_words; left != 0 && !is_late(result_); left &= left - 1) {
        const auto child = static_cast<std::size_t>(std::countr_zero(left));
        const std::uint64_t plainer = made_of(child);
        if (plainer == 0) {
            plain |= bit(child);
            continue;
        }
        mark_all(plainer);
        Segment whole;
        const std::string_view said = scratch_.children.text(child);
        char* copy = scratch_.child_text.reserve(said.size() + kViewPadding);
        std::copy(said.begin(), said.end(), copy);
        whole.raw = {copy, said.size()};
        Reading reading;
        read_segment(whole, engine_.words_, scratch_.learn.reading, reading);
        windows = std::max(windows, score_rest({reading, scratch_.children.origins(child)}));
    }
    while (plain != 0) {
        windows = std::max(windows, score_in_place(plain));
    }
    result_.gate_windows += static_cast<std::uint32_t>(std::max<std::size_t>(1, windows));
}

}  // namespace fastguard
