// Times the stages of a check one by one, in C++, on texts from a file.
//
//   stages PACK MODEL TEXTS SECONDS      files written by bench_stages.py; prints JSON
//
// A stage's cost is the difference of the medians of two pipelines that run in turns: all stages up to it, and all
// stages before it. So each stage finds the caches as the one before it leaves them, and no clock runs between stages.
// In one round the pipelines work on different texts: the second would profit from branches that the first one taught.
#include "fastguard/engine.h"
#include "stage_files.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include <sys/resource.h>

namespace {

using namespace fastguard;
using stage_files::Reader;

constexpr std::array kStages = {"classify", "fold",       "tokenize", "words",   "dense",   "gate",
                                "scan",     "candidates", "concepts", "phrases", "skeleton"};

// The stages of Engine::check, cut off after the first `last` of them. Returns a value that depends on what ran.
class Pipeline {
  public:
    Pipeline(const Pack& pack, const Gate& gate) : pack_(pack), gate_(gate) {
        pack.scanner().prepare(scratch_.patterns);
        for (const auto& [validator, signature] : pack.candidates()) {
            wanted_ |= validator_bit(validator);
        }
    }

    std::size_t run(const std::string& text, std::size_t last) {
        Reading reading;
        ReadingScratch& buffers = scratch_.reading;
        const std::size_t size = text.size();
        reading.raw = {ViewKind::raw, text, nullptr};
        reading.raw_masks = buffers.raw_masks.reserve(size);
        char* folded = buffers.folded.reserve(size + kBlockBytes + kViewPadding);
        active_kernel().classify(text.data(), size, folded, reading.raw_masks, reading.counts);
        reading.ascii = reading.counts.high == 0;
        reading.folded = {ViewKind::folded, {folded, size}, nullptr};
        reading.folded_masks = reading.raw_masks;
        if (last < 2) {
            return reading.counts.word;
        }
        if (!reading.ascii) {
            fold(text, reading);
        }
        if (last < 3) {
            return reading.folded.bytes.size();
        }
        const std::string_view view = reading.folded.bytes;
        WordPass pass{};
        pass.text = view.data();
        pass.tokens = buffers.tokens.reserve(token_bound(view.size()));
        pass.count = find_tokens(view, reading.folded_masks, reading.ascii, pass.tokens);
        if (last < 4) {
            return pass.count;
        }
        read_words(pass, reading);
        if (last < 5) {
            return pass.starter_count;
        }
        TextFacts facts;
        facts.size = size;
        facts.longest = pass.longest;
        facts.glued = pass.glued;
        facts.distinct = pass.distinct;
        reading.leet = leet_positions(reading.raw_masks, size);
        facts.confusable = reading.leet;
        reading.dense = dense_features(reading.tokens.size(), reading.counts, facts);
        if (last < 6) {
            return static_cast<std::size_t>(reading.dense[0]);
        }
        float* window_scores = scratch_.window_scores.reserve(reading.blocks.size());
        const GateResult result = gate_.score(reading.blocks, reading.dense, window_scores);
        if (last < 7) {
            return result.windows;
        }
        const bool twice = !reading.ascii && reading.stats.changed;
        found_ = 0;
        scan(reading.raw.bytes);
        if (twice) {
            scan(view);
        }
        if (last < 8) {
            return found_;
        }
        candidates(reading.raw.bytes, reading.raw_masks);
        if (twice) {
            candidates(view, reading.folded_masks);
        }
        if (last < 9) {
            return found_;
        }
        pack_.folded_concepts().find(view, reading.tokens, reading.starters, pack_.folded_phrases(), scratch_.phrases);
        if (last < 10) {
            return scratch_.phrases.event_count;
        }
        match(pack_.folded_phrases());
        if (last < 11) {
            return found_;
        }
        std::array<Part, kMaxParts> parts;
        const std::size_t count =
            disguised_parts(reading, pack_.folded_concepts(), pack_.skeleton_concepts(), std::span(parts));
        for (std::size_t i = 0; i < count; ++i) {
            const Skeleton skeleton = read_skeleton(reading, parts[i], pack_.skeleton_concepts().filter(), buffers);
            pack_.skeleton_concepts().find(skeleton.view.bytes, skeleton.tokens, skeleton.starters,
                                           pack_.skeleton_phrases(), scratch_.phrases);
            match(pack_.skeleton_phrases());
        }
        return found_;
    }

  private:
    static constexpr std::size_t kRoom = 512;

    void fold(const std::string& text, Reading& reading) {
        ReadingScratch& buffers = scratch_.reading;
        const std::size_t bound = fold_bound(text.size());
        char* folded = buffers.folded.reserve(bound + kBlockBytes + kViewPadding);
        std::uint32_t* origin = buffers.folded_origin.reserve(bound + 65);
        const std::size_t size = fold_utf8(text.data(), text.size(), folded, origin, reading.stats);
        reading.folded = {ViewKind::folded, {folded, size}, origin};
        reading.folded_masks = buffers.folded_masks.reserve(size);
        ByteCounts ignored;
        active_kernel().classify(folded, size, folded, reading.folded_masks, ignored);
    }
    void read_words(WordPass& pass, Reading& reading) {
        ReadingScratch& buffers = scratch_.reading;
        const std::size_t blocks = std::max<std::size_t>(1, (pass.count + kStrideTokens - 1) / kStrideTokens);
        pass.rows = gate_.rows();
        pass.filter = &pack_.folded_concepts().filter();
        pass.ids = buffers.ids.reserve(pass.count * kFeatureSlots + 1);
        pass.blocks = buffers.blocks.reserve(blocks);
        pass.starters = buffers.starters.reserve(pass.count + 1);
        active_kernel().read_words(pass, reading.ascii);
        reading.tokens = {pass.tokens, pass.count};
        reading.ids = {pass.ids, pass.count * kFeatureSlots};
        reading.blocks = {pass.blocks, blocks};
        reading.starters = {pass.starters, pass.starter_count};
    }
    void match(const PhraseMatcher& phrases) {
        bool truncated = false;
        PhraseMatch* matches = scratch_.matches.reserve(kRoom);
        found_ += phrases.match(scratch_.phrases, 16, {matches, kRoom}, truncated);
    }
    void scan(std::string_view view) {
        if (!pack_.scanner().scan(view, scratch_.patterns)) {
            throw std::runtime_error("the scan failed");
        }
        found_ += scratch_.patterns.hit_count;
    }
    void candidates(std::string_view view, const ByteMasks& masks) {
        bool truncated = false;
        Candidate* found = scratch_.candidates.reserve(kRoom);
        const CandidateMasks wanted = {masks.digit, masks.at, masks.colon,
                                       (view.size() + kBlockBytes - 1) / kBlockBytes};
        found_ += find_candidates(view, wanted, wanted_, {found, kRoom}, truncated);
    }

    const Pack& pack_;
    const Gate& gate_;
    Scratch scratch_;
    std::uint64_t wanted_ = 0;
    std::size_t found_ = 0;
};

using Clock = std::chrono::steady_clock;

double nanoseconds(Clock::duration taken) { return std::chrono::duration<double, std::nano>(taken).count(); }

// A fixed loop in registers: longer where somebody else uses the core.
double yardstick() {
    const auto begin = Clock::now();
    std::uint64_t value = 88172645463325252U;
    for (int i = 0; i < 4000; ++i) {
        value ^= value << 13U;
        value ^= value >> 7U;
        value ^= value << 17U;
        asm volatile("" : "+r"(value));
    }
    return nanoseconds(Clock::now() - begin);
}

double median(std::vector<double> values) {
    std::sort(values.begin(), values.end());
    const std::size_t middle = values.size() / 2;
    return values.size() % 2 != 0 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
}

// How often the system took the core away from this thread.
long switches() {
    rusage usage{};
    getrusage(RUSAGE_THREAD, &usage);
    return usage.ru_nivcsw;
}

constexpr std::size_t kPipelines = kStages.size() + 1;  // of 1, 2 ... all stages, then Engine::check

struct Round {
    std::array<double, kPipelines> taken{};
    double yardstick = 0.0;
    bool disturbed = false;
};

// Drops the rounds in which somebody else used the core, unless hardly any would be left.
std::vector<Round> clean(std::vector<Round> rounds) {
    std::vector<double> yardsticks;
    for (const Round& round : rounds) {
        yardsticks.push_back(round.yardstick);
    }
    std::sort(yardsticks.begin(), yardsticks.end());
    const double limit = 1.12 * yardsticks[yardsticks.size() / 20];
    const auto busy = [limit](const Round& round) { return round.disturbed || round.yardstick > limit; };
    const auto lost = static_cast<std::size_t>(std::count_if(rounds.begin(), rounds.end(), busy));
    if (rounds.size() - lost >= std::max<std::size_t>(5, rounds.size() / 20)) {
        std::erase_if(rounds, busy);
    }
    return rounds;
}

void measure(const Pack& pack, const Gate& gate, const Engine& engine, const std::vector<std::string>& texts,
             double seconds) {
    constexpr std::uint8_t kUser = 1;
    Pipeline pipeline(pack, gate);
    Scratch& scratch = thread_scratch();
    CheckResult result;
    std::size_t sum = 0;
    const auto run = [&](const std::string& text, std::size_t last) {
        if (last <= kStages.size()) {
            sum += pipeline.run(text, last);
        } else {
            engine.check(Text::utf8(text), kUser, scratch, result);
            sum += static_cast<std::size_t>(result.action);
        }
    };
    auto begin = Clock::now();
    for (const std::string& text : texts) {
        run(text, kPipelines);
    }
    const double once = nanoseconds(Clock::now() - begin) / static_cast<double>(texts.size());
    const std::size_t batch = std::clamp<std::size_t>(static_cast<std::size_t>(1e5 / once), 1, texts.size());
    const std::size_t places = texts.size() - batch + 1;
    std::vector<Round> rounds;
    begin = Clock::now();
    for (std::size_t at = 0; rounds.size() < 20 || nanoseconds(Clock::now() - begin) < seconds * 1e9; at += batch) {
        Round round;
        const long before = switches();
        const double first = yardstick();
        for (std::size_t last = 1; last <= kPipelines; ++last) {
            const std::size_t from = (at + last * texts.size() / kPipelines) % places;
            const auto start = Clock::now();
            for (std::size_t i = from; i < from + batch; ++i) {
                run(texts[i], last);
            }
            round.taken[last - 1] = nanoseconds(Clock::now() - start) / static_cast<double>(batch);
        }
        round.yardstick = std::max(first, yardstick());
        round.disturbed = switches() != before;
        rounds.push_back(round);
    }
    const std::size_t all = rounds.size();
    rounds = clean(std::move(rounds));
    std::array<double, kPipelines> medians{};
    for (std::size_t last = 0; last < kPipelines; ++last) {
        std::vector<double> taken;
        for (const Round& round : rounds) {
            taken.push_back(round.taken[last]);
        }
        medians[last] = median(taken);
    }
    std::printf("{\"rounds\": %zu, \"clean_rounds\": %zu, \"texts\": %zu, \"ns\": {", all, rounds.size(), texts.size());
    for (std::size_t stage = 0; stage < kStages.size(); ++stage) {
        std::printf("\"%s\": %.1f, ", kStages[stage], medians[stage] - (stage == 0 ? 0.0 : medians[stage - 1]));
    }
    std::printf("\"all_stages\": %.1f, \"check\": %.1f}, \"sum\": %zu}\n", medians[kStages.size() - 1],
                medians[kPipelines - 1], sum);
}

}  // namespace

int main(int count, char** arguments) {
    if (count != 5) {
        std::fputs("usage: stages PACK MODEL TEXTS SECONDS\n", stderr);
        return 2;
    }
    try {
        const auto pack = stage_files::read_pack(arguments[1]);
        const auto gate = stage_files::read_gate(arguments[2]);
        const Engine engine(pack, Policy{}, gate);
        Reader file(arguments[3]);
        const std::vector<std::string> texts = file.strings();
        measure(*pack, *gate, engine, texts, std::strtod(arguments[4], nullptr));
        return 0;
    } catch (const std::exception& error) {
        std::fprintf(stderr, "stages: %s\n", error.what());
        return 1;
    }
}
