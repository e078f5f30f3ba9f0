// What the gate, and the model after it, are given of a segment: its text with the disguises undone.
//
// A learned score is about words. Where a child says in words what a part of the text carries, the child is scored in
// the place of that part, and the part no longer counts as it stands: letters set apart are no attack by themselves.
// Nothing goes unscored, however. Of the text and of every child there is scored
//   the windows of which no child carries a byte, as they stand (with the dense features of all such bytes);
//   of the others what no child carries, as a text of its own;
//   each child that is not made plainer by one of its own, with what stands around it (kContext bytes to each side).
// So an attack in plain words counts beside any decoy, and one that a disguise cuts in two counts as a whole.
//
// One word or two are no prompt injection, jailbreak or question for the system prompt, whatever they score: they say
// too little, and names of things that attacks speak of ("prompt", "system") would look like one. What is asked or
// insulted in two words, signatures know.
//
// Quotation marks are no features, so a text that only talks about what it quotes would be scored by that. Where the
// gate does not refute a short text, it is scored once more without the quotations that are talked about (mention.h)
// and that the gate takes for attacks by themselves. The lesser score counts; a category that would not be flagged by
// what is left comes to level 4 as by a mention (engine_fusion.cpp).
//
// The number of windows, which scores are corrected by, is that of the longest of these readings.
#pragma once

#include "fastguard/engine.h"

namespace fastguard {

// Whether a text is one of words (of any script): mostly letters, three words at least.
[[nodiscard]] bool is_in_words(const Reading& reading) noexcept;

class Engine::Learner {
  public:
    Learner(const Engine& engine, std::uint8_t source, Scratch& scratch, CheckResult& result) noexcept
        : engine_(engine), source_(source), scratch_(scratch), result_(result) {}

    // Adds what a segment comes to. `gate`: what it says of it as it stands, with the scores of its windows in
    // scratch.window_scores. `in_words`: which of scratch.children are, a bit each. O(segment + children).
    void run(const Reading& segment, const GateResult& gate, std::uint64_t in_words);

    // After `run` of the only segment of a text that nothing is hidden in: scores it without what it only talks about.
    // O(segment).
    void leave_out_quotations(const Reading& segment);

  private:
    // A text: the segment, or a child.
    struct Node {
        const Reading& reading;
        std::span<const Origin> origins;  // none: the segment
    };

    // Scores a text, without its silent windows; returns how many windows counted.
    std::size_t score(const Reading& reading, std::span<const std::uint8_t> silent = {});
    // Adds what the gate says of a text, with the scores of its windows; the same.
    std::size_t add(const Reading& reading, GateResult gate, const float* scores, std::span<const std::uint8_t> silent);
    std::size_t score_text(std::size_t size);
    [[nodiscard]] bool speaks(std::string_view text);
    // What of a text its children do not say; returns how many windows counted.
    std::size_t score_rest(const Node& node);
    // Dense features of the bytes that no child carries: how a text is written counts without what was undone.
    DenseFeatures dense_of_rest(const Node& node);
    std::size_t score_gap(const Node& node, std::size_t begin, std::size_t end);
    // Children in the places of what carried them, as many as fit beside each other; takes them out of `children`.
    std::size_t score_in_place(std::uint64_t& children);

    // Marks the bytes that a child says something with.
    void mark(std::size_t child) noexcept;
    [[nodiscard]] bool carried(const Node& node, std::size_t at) const noexcept;
    // Whether a child says something with any byte of these words, one at least.
    [[nodiscard]] bool carries_word(const Node& node, std::span<const Token> tokens) const noexcept;
    // Children in words that were made of this one or of one of those.
    [[nodiscard]] std::uint64_t made_of(std::size_t child) const noexcept;

    const Engine& engine_;
    std::uint8_t source_;
    Scratch& scratch_;
    CheckResult& result_;
    std::string_view text_;  // of the segment
    std::uint64_t in_words_ = 0;
};

}  // namespace fastguard
