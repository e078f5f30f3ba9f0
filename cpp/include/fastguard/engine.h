// The engine: pack, policy and gate joined; a text in, a result out.
//
//   Engine engine(pack, policy, gate);          // once; immutable; shared by all threads
//   Scratch& scratch = thread_scratch();        // one per thread
//   CheckResult result;
//   engine.check(Text::utf8("..."), source, scratch, result);
//   if (result.undecided) engine.decide(model_logits, source, result);   // or decide_without_model
//   if (result.open) engine.decide_deep(deep_logits, true, source, result);   // or decide_without_deep
//
// A check allocates nothing after warm-up, takes no lock and throws nothing. Time is linear in the text.
#pragma once

#include "fastguard/children.h"
#include "fastguard/context.h"
#include "fastguard/deep.h"
#include "fastguard/gate.h"
#include "fastguard/links.h"
#include "fastguard/pack.h"
#include "fastguard/phrases.h"
#include "fastguard/policy.h"
#include "fastguard/protected.h"
#include "fastguard/reading.h"
#include "fastguard/scanner.h"
#include "fastguard/verdict.h"
#include "fastguard/views.h"

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

namespace fastguard {

// Buffers for what is learned of a text that has children.
struct LearnScratch {
    Buffer<std::uint64_t> carried;  // a bit per byte of the segment: a child says it
    Buffer<std::uint8_t> touched;   // per block of words, then per window
    Buffer<char> text;
    ReadingScratch reading;
    ReadingScratch part;
};

// Everything mutable of a check. Used by one thread at a time.
// What a Collector keeps count with.
struct CollectScratch {
    Buffer<std::uint32_t> counts;    // by signature: findings of this segment
    Buffer<std::uint32_t> latest;    // by signature: the last of them, as a place behind the first of the segment
    Buffer<std::uint32_t> previous;  // by such a place: the one of the same signature before
    Buffer<std::uint8_t> told;       // by signature: what findings of it are reported
};

struct Scratch {
    Buffer<char> transcoded;
    ReadingScratch reading;
    Children children;
    ViewScratch views;
    Buffer<char> child_text;
    ReadingScratch child_reading;
    Buffer<float> window_scores;
    LearnScratch learn;
    PhraseScratch phrases;
    CollectScratch collect;
    PatternScratch patterns;
    Buffer<PhraseMatch> matches;
    Buffer<Candidate> candidates;
    ContextScratch context;
    Buffer<IdentifierMatch> identifier_matches;
    LinkScratch links;
    Buffer<LinkMatch> link_matches;
    CheckResult result;  // for callers that hand the result on at once
};

// The scratch of the calling thread, made at its first use.
[[nodiscard]] Scratch& thread_scratch();

class Engine {
  public:
    // `gate` may be null: then nothing is learned but by a deep tier, which is asked about every text that signatures
    // do not block. `deep` may be null. Throws BuildError.
    Engine(std::shared_ptr<const Pack> pack, Policy policy, std::shared_ptr<const Gate> gate,
           std::shared_ptr<const DeepTier> deep = nullptr);

    // Judges `text`. Afterwards `result` is final, or `undecided` or `open` is set and one of the answers below must
    // follow; after `decide`, `open` may be set.
    void check(const Text& text, std::uint8_t source, Scratch& scratch, CheckResult& result) const noexcept;

    // The same in parts, for texts that come in pieces: `begin`, `read` for each segment in order, `end`, each as for
    // the whole. A `read` puts its findings behind those there are and touches none of them. Between two of them the
    // scratch may be used for anything else.
    static void begin(CheckResult& result) noexcept;
    // Whether `read` would look at a further segment: not once memory or the policy's time is used up.
    [[nodiscard]] static bool goes_on(const CheckResult& result) noexcept;
    void read(const Segment& segment, std::uint8_t source, Scratch& scratch, CheckResult& result) const noexcept;
    void end(std::uint8_t source, CheckResult& result) const noexcept;

    // What signatures find in a piece of text, added to the findings of `result` without the policy's limit on them;
    // nothing is learned of it.
    void find(const Segment& segment, std::uint8_t source, Scratch& scratch, CheckResult& result) const noexcept;

    // Categories, score, level and action that the findings of `result` come to by themselves.
    void weigh(std::uint8_t source, CheckResult& result) const noexcept;

    // Whether texts of this source are looked through for a signature (by its index in the pack).
    [[nodiscard]] bool looks_for(std::uint32_t signature, std::uint8_t source) const noexcept {
        return (source_bits_[signature] >> source & 1U) != 0;
    }

    // The model's answer to an undecided result: logits per window and label, row-major.
    void decide(std::span<const float> logits, std::uint8_t source, CheckResult& result) const noexcept;

    // No model could run: the result escalates where nothing else decides, and says that it is degraded.
    void decide_without_model(std::uint8_t source, CheckResult& result) const noexcept;

    // The deep tier's answer to an open result: logits per label of the tier. `complete`: it saw all of the text.
    void decide_deep(std::span<const float> logits, bool complete, std::uint8_t source,
                     CheckResult& result) const noexcept;

    // The deep tier has nothing to say of this text: what the tiers before it said stands; without any the result
    // escalates.
    void decline_deep(CheckResult& result) const noexcept;

    // No deep model could run: as above.
    void decide_without_deep(std::uint8_t source, CheckResult& result) const noexcept;

    // Texts that must not come out; may be shared with other engines, and changed at any time.
    void watch(std::shared_ptr<ProtectedTexts> texts) noexcept { protected_ = std::move(texts); }
    [[nodiscard]] const std::shared_ptr<ProtectedTexts>& protected_texts() const noexcept { return protected_; }

    [[nodiscard]] const Pack& pack() const noexcept { return *pack_; }
    [[nodiscard]] const Policy& policy() const noexcept { return policy_; }
    [[nodiscard]] const Gate* gate() const noexcept { return gate_.get(); }
    [[nodiscard]] const DeepTier* deep() const noexcept { return deep_.get(); }

  private:
    class Collector;
    class Learner;
    using Probabilities = std::array<float, kCategoryCount>;
    // What the tiers learned of a text, and whose cuts make levels of it.
    struct Learned {
        Probabilities probabilities{};
        std::array<bool, kCategoryCount> deep{};
    };

    // Whether the time of the call is up, for one who has something left to do: then the result says so. Asks the clock
    // only where there is a limit.
    static bool is_late(CheckResult& result) noexcept;
    // 0: no limit.
    [[nodiscard]] std::int64_t budget_ns(const CheckResult& result) const noexcept;
    void scan_segment(const Segment& segment, std::uint8_t source, bool learns, Scratch& scratch,
                      CheckResult& result) const;
    // What signatures find in a text: that of a segment, or of the child that the collector is in.
    void scan_reading(const Reading& reading, ReadingScratch& buffers, Scratch& scratch, Collector& collector) const;
    void scan_patterns(const Reading& reading, const View& view, Scratch& scratch, Collector& collector) const;
    void scan_candidates(const Reading& reading, const View& view, const ByteMasks& masks, Scratch& scratch,
                         Collector& collector) const;
    void scan_phrases(const Reading& reading, ReadingScratch& buffers, Scratch& scratch, Collector& collector) const;
    // What the text says once its disguises are undone, level by level; misspelt words only where the gate is `unsure`,
    // since they take longest to look for. Returns which children are texts in words, a bit each.
    std::uint64_t scan_children(const Reading& reading, bool unsure, Scratch& scratch, Collector& collector) const;
    // Adds what a text says once undone; `from` is what was undone to get it.
    void make_children(const Reading& reading, ViewKind from, Scratch& scratch) const;
    void scan_links(const Reading& reading, Scratch& scratch, Collector& collector) const;
    void scan_protected(const Reading& reading, Collector& collector) const;
    // Of a segment, not of its children: those are bounded. `counts`: its tokens are added to those of the text.
    void scan_load(const Segment& segment, const Reading& reading, bool counts, Collector& collector) const;
    void count_tokens(const Segment& segment, const Reading& reading, Collector& collector) const;
    void scan_identifiers(const Reading& reading, const View& view, const ByteMasks& masks,
                          std::span<const Candidate> others, Scratch& scratch, Collector& collector) const;
    void keep_windows(const Reading& reading, const float* scores, CheckResult& result) const;
    [[nodiscard]] bool gate_decides(const CheckResult& result, std::uint8_t source) const noexcept;
    [[nodiscard]] bool blocks_as_hidden_alone(std::uint8_t source, const CheckResult& result) const noexcept;
    [[nodiscard]] bool gate_refutes(const GateResult& part, std::uint8_t source) const noexcept;
    [[nodiscard]] Probabilities learn(const LabelScores& logits, float length, bool of_model,
                                      std::uint8_t source) const noexcept;
    [[nodiscard]] const LabelScores& counting(const LabelScores& said, const LabelScores& left, bool of_model,
                                              std::uint8_t source, CheckResult& result) const noexcept;
    void fuse(const LabelScores& logits, bool of_model, std::uint8_t source, CheckResult& result) const noexcept;
    void conclude(const Learned& learned, std::uint8_t source, CheckResult& result) const noexcept;
    [[nodiscard]] bool leaves_to_deep(const Probabilities& learned, std::uint8_t source) const noexcept;
    [[nodiscard]] static bool counts(const Label& label, std::uint8_t source) noexcept;
    [[nodiscard]] static bool counts(const DeepLabel& label, std::uint8_t source) noexcept;

    std::shared_ptr<const Pack> pack_;
    Policy policy_;
    std::shared_ptr<const Gate> gate_;
    std::shared_ptr<const DeepTier> deep_;
    std::shared_ptr<ProtectedTexts> protected_;
    WordTables words_;        // of the gate and of the pack
    WordTables plain_words_;  // of the pack
    bool makes_children_ = false;
    std::vector<std::uint8_t> source_bits_;  // per signature: sources it is on for; 0 where the policy has it off
    std::vector<std::uint8_t> entity_bits_;  // the same, and 0 for what is no entity
    bool has_entity_phrases_ = false;        // a phrase that is on is an entity
    CallerHosts hosts_;
    bool finds_links_ = false;
    bool finds_load_ = false;
    std::uint64_t wanted_ = 0;          // validators whose candidates are asked for
    std::vector<std::string> allowed_;  // allowed phrases, folded
};

}  // namespace fastguard
