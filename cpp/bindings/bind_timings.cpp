// Times of the steps of a check, each by itself, for pages and people who look at one text.
//
// Nothing of it runs in a check: the steps are called here as the engine calls them, several times each.
#include "register.h"

#include "fastguard/candidates.h"
#include "guard_object.h"

#include <algorithm>
#include <array>
#include <chrono>

namespace py = pybind11;

namespace fastguard::python {
namespace {

constexpr std::size_t kMostTurns = 99;
constexpr std::size_t kRoom = 512;          // for matches and candidates, as the engine has
constexpr std::size_t kPerSignature = 100;  // matches of one phrase, as the engine has

// Median nanoseconds of a call over several turns.
template <class F>
double median_ns(std::size_t turns, F&& call) {
    using Clock = std::chrono::steady_clock;
    std::array<double, kMostTurns> spent{};
    for (std::size_t i = 0; i < turns; ++i) {
        const auto begin = Clock::now();
        call();
        spent[i] = std::chrono::duration<double, std::nano>(Clock::now() - begin).count();
    }
    auto* const middle = spent.data() + turns / 2;
    std::nth_element(spent.data(), middle, spent.data() + turns);
    return *middle;
}

struct Times {
    double reading = 0;
    double gate = 0;
    double patterns = 0;
    double candidates = 0;
    double phrases = 0;
    double check = 0;
};

void add_segment(const Engine& engine, const Segment& segment, std::size_t turns, Scratch& scratch, Times& times) {
    const Pack& pack = engine.pack();
    WordTables tables = WordTables::none();
    tables.filter = &pack.folded_concepts().filter();
    if (engine.gate() != nullptr) {
        tables.rows = engine.gate()->rows();
    }
    Reading reading;
    times.reading += median_ns(turns, [&] { read_segment(segment, tables, scratch.reading, reading); });
    if (engine.gate() != nullptr) {
        float* scores = scratch.window_scores.reserve(reading.blocks.size());
        times.gate += median_ns(turns, [&] { (void)engine.gate()->score(reading.blocks, reading.dense, scores); });
    }
    const bool twice = !reading.ascii && reading.stats.changed;  // both views, as they differ
    pack.scanner().prepare(scratch.patterns);
    times.patterns += median_ns(turns, [&] {
        (void)pack.scanner().scan(reading.raw.bytes, scratch.patterns);
        if (twice) {
            (void)pack.scanner().scan(reading.folded.bytes, scratch.patterns);
        }
    });
    std::uint64_t wanted = 0;
    for (const auto& [validator, signature] : pack.candidates()) {
        wanted |= validator_bit(validator);
    }
    Candidate* found = scratch.candidates.reserve(kRoom);
    bool truncated = false;
    const auto candidates = [&](const View& view, const ByteMasks& masks) {
        const CandidateMasks marks = {masks.digit, masks.at, masks.colon,
                                      (view.bytes.size() + kBlockBytes - 1) / kBlockBytes};
        (void)find_candidates(view.bytes, marks, wanted, {found, kRoom}, truncated);
    };
    times.candidates += median_ns(turns, [&] {
        candidates(reading.raw, reading.raw_masks);
        if (!reading.ascii) {
            candidates(reading.folded, reading.folded_masks);
        }
    });
    PhraseMatch* matches = scratch.matches.reserve(kRoom);
    times.phrases += median_ns(turns, [&] {
        const PhraseMatcher& phrases = pack.folded_phrases();
        pack.folded_concepts().find(reading.folded.bytes, reading.tokens, reading.starters, phrases, scratch.phrases);
        (void)phrases.match(scratch.phrases, kPerSignature, {matches, kRoom}, truncated);
    });
}

py::dict stage_times(const py::object& guard, const py::object& text, const std::string& source, std::size_t turns) {
    if (turns < 1 || turns > kMostTurns) {
        throw py::value_error("turns: expected 1 to 99");
    }
    if (!is_guard(guard.ptr())) {
        throw py::type_error("guard: expected a Guard");
    }
    std::uint8_t source_index = 1;
    Text units;
    if (!source_of(py::str(source).ptr(), source_index) || !text_of(text.ptr(), units, "text")) {
        throw py::error_already_set();
    }
    const Hold hold(guard.ptr());
    if (!hold) {
        throw py::error_already_set();
    }
    const Engine& engine = hold.engine();
    Times times;
    {
        const py::gil_scoped_release released;
        Scratch& scratch = thread_scratch();
        CheckResult& result = scratch.result;
        times.check = median_ns(turns, [&] { engine.check(units, source_index, scratch, result); });
        Buffer<char> transcoded;
        SegmentReader reader(units, engine.policy().max_bytes, transcoded);
        for (Segment segment; reader.next(segment);) {
            add_segment(engine, segment, turns, scratch, times);
        }
    }
    py::dict spent;
    spent["reading"] = times.reading;
    spent["gate"] = times.gate;
    spent["patterns"] = times.patterns;
    spent["candidates"] = times.candidates;
    spent["phrases"] = times.phrases;
    spent["check"] = times.check;
    return spent;
}

}  // namespace

void register_timings(py::module_& module) {
    module.def("stage_times", &stage_times, py::arg("guard"), py::arg("text"), py::kw_only(), py::arg("source"),
               py::arg("turns"), "Median nanoseconds of the steps of a check, each by itself, and of the whole.");
}

}  // namespace fastguard::python
