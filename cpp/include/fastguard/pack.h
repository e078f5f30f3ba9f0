// A pack: signatures compiled into what a check runs. Immutable; shared by all threads.
#pragma once

#include "fastguard/candidates.h"
#include "fastguard/identifiers.h"
#include "fastguard/links.h"
#include "fastguard/load.h"
#include "fastguard/mention.h"
#include "fastguard/phrases.h"
#include "fastguard/scanner.h"
#include "fastguard/types.h"
#include "fastguard/validators.h"
#include "fastguard/vocabulary.h"

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace fastguard {

enum class SignatureKind : std::uint8_t { pattern, phrase, candidate };
inline constexpr std::array<std::string_view, 3> kSignatureKinds = {"pattern", "phrase", "candidate"};
inline constexpr std::array<std::string_view, 10> kCandidateKinds = {"digits", "email",     "ipv6",   "iban", "mac",
                                                                     "format", "protected", "canary", "link", "load"};

// A signature as the author wrote it, checked for form by the loader.
struct SignatureSpec {
    std::string id;  // "<category>.<detector>.<name>"
    std::string summary;
    std::uint8_t category = 0;
    std::uint8_t severity = 0;
    std::uint8_t tier = 1;  // 1 no known false positive .. 3 hunting
    SignatureKind kind = SignatureKind::pattern;
    std::uint8_t views = 0;  // bit per ViewKind below kSignatureViews
    std::uint8_t sources = kAllSources;
    bool enabled = true;
    bool mention = false;   // a match may be a mention (mention.h)
    bool fallback = false;  // yields where another signature of its category matches the same place
    std::vector<std::string> atlas;
    std::vector<std::string> owasp;
    std::vector<std::string> cwe;
    // pattern
    std::string pattern;
    std::vector<std::string> validators;  // candidate, too: all must accept the span
    double entropy = 0.0;                 // least bits per byte of the span
    bool keep_value = false;              // the span is the assigned value inside the match
    // phrase
    std::vector<std::string> slots;  // names of concepts
    std::uint32_t within = 0;
    bool ordered = false;
    std::vector<std::string> unless;
    // candidate
    std::string candidate;
    std::vector<std::string> formats;  // of a candidate "format"; the traits of a "link" or a "load"
    std::vector<std::string> context;  // words that name it
    bool needs_context = false;        // silent without one of them

    [[nodiscard]] bool in_view(ViewKind view) const noexcept {
        return ((views >> static_cast<unsigned>(signature_view(view))) & 1U) != 0;
    }
    [[nodiscard]] bool caseless() const noexcept { return in_view(ViewKind::folded); }
    // "<category>/<detector>"
    [[nodiscard]] std::string detector() const;
};

// Names of concepts with their entries, in the order of the pack.
using Concepts = std::vector<std::pair<std::string, std::vector<std::string>>>;

// A signature in the form a check uses.
struct Signature {
    SignatureSpec spec;
    std::vector<ValidatorId> validators;
    float confidence = 0.0F;  // probability that one match alone stands for
    float supported = 0.0F;   // the same with a word of its context near
};

class Pack {
  public:
    // Compiles. Throws BuildError that names the signature and the field.
    Pack(std::vector<SignatureSpec> signatures, const Concepts& concepts);

    // The same from `databases()` of a pack of the same signatures. Throws DatabaseError where it does not fit.
    Pack(std::vector<SignatureSpec> signatures, const Concepts& concepts, std::string_view databases);

    [[nodiscard]] std::string databases() const { return scanner_->serialize(); }

    // The signature that a protected text, or a canary, is found as; nothing where the pack has none.
    [[nodiscard]] std::optional<std::uint32_t> protecting(bool canary) const noexcept {
        return protecting_[canary ? 1 : 0];
    }

    [[nodiscard]] const std::vector<Signature>& signatures() const noexcept { return signatures_; }
    [[nodiscard]] const Scanner& scanner() const noexcept { return *scanner_; }
    [[nodiscard]] const std::vector<std::uint32_t>& pattern_signatures() const noexcept { return pattern_signatures_; }
    [[nodiscard]] const ConceptTable& folded_concepts() const noexcept { return folded_concepts_; }
    [[nodiscard]] const ConceptTable& skeleton_concepts() const noexcept { return skeleton_concepts_; }
    [[nodiscard]] const PhraseMatcher& folded_phrases() const noexcept { return folded_phrases_; }
    [[nodiscard]] const PhraseMatcher& skeleton_phrases() const noexcept { return skeleton_phrases_; }
    // The phrases that a text read as `view`, one of the child views, may be matched by: those of its folded view, and
    // those of its skeleton.
    [[nodiscard]] const PhraseMatcher& child_phrases(ViewKind view, bool skeleton) const noexcept {
        return (skeleton ? child_skeleton_phrases_ : child_phrases_)[static_cast<std::size_t>(signature_view(view))];
    }
    // Whether a signature of this kind may match in a child of this view.
    [[nodiscard]] bool asks(ViewKind view, SignatureKind kind) const noexcept {
        return ((asked_[static_cast<std::size_t>(kind)] >> static_cast<unsigned>(signature_view(view))) & 1U) != 0;
    }
    // Words of the concepts of phrases that may match in the squeezed view.
    [[nodiscard]] const Vocabulary& vocabulary() const noexcept { return vocabulary_; }
    [[nodiscard]] const Mentions& mentions() const noexcept { return mentions_; }
    // Signatures of candidates: for each the validator whose entities it reports.
    [[nodiscard]] const std::vector<std::pair<ValidatorId, std::uint32_t>>& candidates() const noexcept {
        return candidates_;
    }

    [[nodiscard]] const Identifiers& identifiers() const noexcept { return identifiers_; }
    [[nodiscard]] const Links& links() const noexcept { return links_; }
    // Signatures of load (load.h), each with a trait that it has.
    [[nodiscard]] const std::vector<std::pair<LoadTrait, std::uint32_t>>& load() const noexcept { return load_; }

  private:
    void compile(const Concepts& concepts, const std::optional<std::string_view>& databases);
    void compile_phrases(const Concepts& concepts);
    void resolve_validators();
    void add_candidate(std::uint32_t index);
    std::vector<PatternSpec> collect_patterns();

    std::array<std::optional<std::uint32_t>, 2> protecting_;
    std::vector<Signature> signatures_;
    std::unique_ptr<Scanner> scanner_;
    std::vector<std::uint32_t> pattern_signatures_;  // of each pattern of the scanner
    ConceptTable folded_concepts_;
    ConceptTable skeleton_concepts_;
    PhraseMatcher folded_phrases_;
    PhraseMatcher skeleton_phrases_;
    std::array<PhraseMatcher, kSignatureViews> child_phrases_;
    std::array<PhraseMatcher, kSignatureViews> child_skeleton_phrases_;
    std::array<std::uint8_t, kSignatureKinds.size()> asked_{};  // views of the signatures of each kind
    Vocabulary vocabulary_;
    Mentions mentions_;
    Identifiers identifiers_;
    Links links_;
    std::vector<std::pair<ValidatorId, std::uint32_t>> candidates_;
    std::vector<std::pair<LoadTrait, std::uint32_t>> load_;
};

// What serialized databases of these signatures depend on: expressions, flags, version of libhs.
[[nodiscard]] std::string database_key(const std::vector<SignatureSpec>& signatures);

// The folded and the skeleton view of a short text, for tables and tests.
[[nodiscard]] std::string fold_text(std::string_view utf8);
[[nodiscard]] std::string skeleton_text(std::string_view utf8);

}  // namespace fastguard
