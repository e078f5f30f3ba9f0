#include "fastguard/pack.h"

#include "fastguard/error.h"
#include "fastguard/reading.h"

#include <algorithm>
#include <map>
#include <set>

namespace fastguard {
namespace {

// Probability that a single match stands for, by tier and severity. A tier promises a false-positive rate; severity
// says how much of what matches is meant. The learned score is joined to this by noisy-or.
float confidence_of(const SignatureSpec& spec, std::uint8_t tier) noexcept {
    constexpr std::array<std::array<float, 4>, 3> kConfidence = {
        {{0.60F, 0.85F, 0.96F, 0.99F}, {0.45F, 0.65F, 0.87F, 0.92F}, {0.25F, 0.36F, 0.50F, 0.62F}}};
    return kConfidence[tier - 1U][spec.severity];
}

std::string view_of_text(std::string_view utf8, bool skeleton) {
    ReadingScratch scratch;
    Reading reading;
    Segment segment;
    segment.raw = utf8;
    read_segment(segment, WordTables::none(), scratch, reading);
    return std::string(skeleton ? read_skeleton(reading, scratch).view.bytes : reading.folded.bytes);
}

// The words of a folded entry; the last one is a beginning where the entry is.
void add_words(std::string_view folded, bool prefix, Vocabulary& vocabulary) {
    const auto plain = [](char c) { return c >= 'a' && c <= 'z'; };
    for (std::size_t at = 0; at < folded.size();) {
        std::size_t end = at;
        while (end < folded.size() && plain(folded[end])) {
            ++end;
        }
        if (end - at >= 2) {
            vocabulary.add(folded.substr(at, end - at), prefix && end == folded.size());
        }
        at = end + 1;
    }
}

}  // namespace

std::string fold_text(std::string_view utf8) { return view_of_text(utf8, false); }
std::string skeleton_text(std::string_view utf8) { return view_of_text(utf8, true); }

std::string SignatureSpec::detector() const {
    const std::size_t first = id.find('.');
    const std::size_t second = id.find('.', first + 1);
    return id.substr(0, first) + "/" + id.substr(first + 1, second - first - 1);
}

Pack::Pack(std::vector<SignatureSpec> signatures, const Concepts& concepts) {
    for (SignatureSpec& spec : signatures) {
        signatures_.push_back({std::move(spec), {}, 0.0F, 0.0F});
    }
    compile(concepts, std::nullopt);
}

Pack::Pack(std::vector<SignatureSpec> signatures, const Concepts& concepts, std::string_view databases) {
    for (SignatureSpec& spec : signatures) {
        signatures_.push_back({std::move(spec), {}, 0.0F, 0.0F});
    }
    compile(concepts, databases);
}

void Pack::compile(const Concepts& concepts, const std::optional<std::string_view>& databases) {
    if (!scanner_usable()) {
        throw BuildError("this CPU lacks the instructions that the pattern engine needs (SSE4.2 on x86-64)", "", "");
    }
    for (Signature& signature : signatures_) {
        const SignatureSpec& spec = signature.spec;
        if (spec.tier < 1 || spec.tier > 3 || spec.severity > 3 || spec.category >= kCategoryCount) {
            throw BuildError("tier, severity or category is out of range", spec.id, "tier");
        }
        if (spec.views == 0) {
            throw BuildError("the signature has no view", spec.id, "views");
        }
        signature.confidence = confidence_of(spec, spec.tier);
        signature.supported = confidence_of(spec, 1);
        asked_[static_cast<std::size_t>(spec.kind)] |= spec.views;
    }
    resolve_validators();
    compile_phrases(concepts);
    const std::vector<PatternSpec> patterns = collect_patterns();
    scanner_ = databases ? std::make_unique<Scanner>(patterns, *databases) : std::make_unique<Scanner>(patterns);
}

void Pack::resolve_validators() {
    for (std::uint32_t i = 0; i < signatures_.size(); ++i) {
        Signature& signature = signatures_[i];
        const SignatureSpec& spec = signature.spec;
        for (const std::string& name : spec.validators) {
            const ValidatorId id = validator_by_name(name);
            if (id == ValidatorId::none) {
                throw BuildError("unknown validator '" + name + "'", spec.id, "validator");
            }
            signature.validators.push_back(id);
        }
        if (spec.kind == SignatureKind::candidate) {
            add_candidate(i);
        }
    }
    identifiers_.finish();
    links_.finish();
}

void Pack::add_candidate(std::uint32_t index) {
    const Signature& signature = signatures_[index];
    const SignatureSpec& spec = signature.spec;
    const auto kind = index_of(kCandidateKinds, spec.candidate);
    if (!kind) {
        throw BuildError("unknown candidate '" + spec.candidate + "'", spec.id, "candidate");
    }
    const auto which = static_cast<CandidateKind>(*kind);
    if (which == CandidateKind::protected_text || which == CandidateKind::canary) {
        std::optional<std::uint32_t>& mine = protecting_[which == CandidateKind::canary ? 1 : 0];
        if (mine) {
            throw BuildError("another signature is a candidate of this kind, too", spec.id, "candidate");
        }
        mine = index;
        return;
    }
    if (which == CandidateKind::load) {
        for (const std::string& name : spec.formats) {
            const auto trait = index_of(kLoadTraits, name);
            if (!trait) {
                throw BuildError("no text has the trait '" + name + "'", spec.id, "traits");
            }
            load_.emplace_back(static_cast<LoadTrait>(*trait), index);
        }
        return;
    }
    if (which == CandidateKind::format || which == CandidateKind::link) {
        std::vector<std::string> words;
        for (const std::string& word : spec.context) {
            const bool prefix = word.ends_with('*');
            words.push_back(fold_text(prefix ? word.substr(0, word.size() - 1) : word) + (prefix ? "*" : ""));
        }
        const bool link = which == CandidateKind::link;
        try {
            if (link) {
                links_.add(index, spec.formats, words, spec.needs_context);
            } else {
                identifiers_.add(index, spec.formats, signature.validators, words, spec.needs_context);
            }
        } catch (const BuildError& error) {
            throw BuildError(error.what(), spec.id, link ? "traits" : "formats");
        }
        return;
    }
    if (signature.validators.empty() ||
        candidate_kind(signature.validators.front()) != static_cast<CandidateKind>(*kind) ||
        static_cast<unsigned>(signature.validators.front()) >= kCandidateValidators) {
        throw BuildError(
            "a candidate of kind '" + spec.candidate + "' needs as its first validator one that this kind finds",
            spec.id, "validator");
    }
    candidates_.emplace_back(signature.validators.front(), index);
}

std::vector<PatternSpec> Pack::collect_patterns() {
    std::vector<PatternSpec> patterns;
    for (std::uint32_t i = 0; i < signatures_.size(); ++i) {
        const SignatureSpec& spec = signatures_[i].spec;
        if (spec.kind == SignatureKind::pattern) {
            patterns.push_back({spec.id, spec.pattern, spec.caseless()});
            pattern_signatures_.push_back(i);
        }
    }
    return patterns;
}

void Pack::compile_phrases(const Concepts& concepts) {
    std::map<std::string, ConceptId> ids;
    std::set<std::string_view> in_phrases;
    std::set<std::string_view> squeezed;
    for (const Signature& signature : signatures_) {
        if (signature.spec.in_view(ViewKind::squeezed)) {
            squeezed.insert(signature.spec.slots.begin(), signature.spec.slots.end());
        }
        in_phrases.insert(signature.spec.slots.begin(), signature.spec.slots.end());
        in_phrases.insert(signature.spec.unless.begin(), signature.spec.unless.end());
    }
    if (concepts.size() > kMaxConcepts) {
        throw BuildError("more than " + std::to_string(kMaxConcepts) + " concepts", "", "concepts");
    }
    for (const auto& [name, entries] : concepts) {
        const auto id = static_cast<ConceptId>(ids.size());
        if (!ids.emplace(name, id).second) {
            throw BuildError("the concept stands twice", name, "concept");
        }
        const auto mention = index_of(kMentionConcepts, name);
        const bool in_phrase = in_phrases.contains(name);
        for (const std::string& entry : entries) {
            const bool prefix = entry.ends_with('*');
            const std::string words = prefix ? entry.substr(0, entry.size() - 1) : entry;
            const std::string star = prefix ? "*" : "";
            try {
                if (in_phrase) {
                    folded_concepts_.add(id, fold_text(words) + star);
                    skeleton_concepts_.add(id, skeleton_text(words) + star);
                }
                if (squeezed.contains(name)) {
                    add_words(fold_text(words), prefix, vocabulary_);
                }
                if (mention) {
                    mentions_.add(static_cast<MentionWords>(*mention), fold_text(words) + star);
                }
            } catch (const BuildError& error) {
                throw BuildError(error.what(), name, "entry");
            }
        }
    }
    folded_concepts_.finish();
    skeleton_concepts_.finish();
    vocabulary_.finish();
    mentions_.finish();

    std::array<std::vector<Phrase>, kSignatureViews> phrases;
    std::array<std::vector<Phrase>, kSignatureViews> skeleton_phrases;  // of those, what the skeleton may show
    for (std::uint32_t i = 0; i < signatures_.size(); ++i) {
        const SignatureSpec& spec = signatures_[i].spec;
        if (spec.kind != SignatureKind::phrase) {
            continue;
        }
        if (spec.slots.empty() || spec.slots.size() > kMaxSlots) {
            throw BuildError("a phrase has 1 to " + std::to_string(kMaxSlots) + " slots", spec.id, "phrase");
        }
        for (std::size_t slot = 1; slot < spec.slots.size(); ++slot) {
            // Each event fills one slot, so such a phrase could never match.
            if (std::find(spec.slots.begin(), spec.slots.begin() + static_cast<std::ptrdiff_t>(slot),
                          spec.slots[slot]) != spec.slots.begin() + static_cast<std::ptrdiff_t>(slot)) {
                throw BuildError("the concept '" + spec.slots[slot] + "' stands in two slots", spec.id, "phrase");
            }
        }
        if (spec.within > kMaxWithin || (spec.slots.size() > 1 && spec.within < spec.slots.size())) {
            throw BuildError("within is from the number of slots to " + std::to_string(kMaxWithin) + " tokens", spec.id,
                             "within");
        }
        Phrase phrase;
        const auto resolve = [&](const std::vector<std::string>& names, const char* field) {
            std::vector<ConceptId> result;
            for (const std::string& name : names) {
                const auto found = ids.find(name);
                if (found == ids.end()) {
                    throw BuildError("unknown concept '" + name + "'", spec.id, field);
                }
                result.push_back(found->second);
            }
            return result;
        };
        phrase.slots = resolve(spec.slots, "phrase");
        phrase.unless = resolve(spec.unless, "unless");
        phrase.within = spec.within;
        phrase.ordered = spec.ordered;
        phrase.tag = i;
        for (std::size_t view = 0; view < kSignatureViews; ++view) {
            if (spec.in_view(static_cast<ViewKind>(view))) {
                phrases[view].push_back(phrase);
                if (spec.in_view(ViewKind::skeleton)) {
                    skeleton_phrases[view].push_back(phrase);
                }
            }
        }
    }
    const Commonness& folded = folded_concepts_.commonness();
    const Commonness& skeleton = skeleton_concepts_.commonness();
    folded_phrases_ = PhraseMatcher(std::move(phrases[static_cast<std::size_t>(ViewKind::folded)]), folded);
    skeleton_phrases_ = PhraseMatcher(std::move(phrases[static_cast<std::size_t>(ViewKind::skeleton)]), skeleton);
    for (auto view = static_cast<std::size_t>(ViewKind::decoded); view < kSignatureViews; ++view) {
        child_phrases_[view] = PhraseMatcher(std::move(phrases[view]), folded);
        child_skeleton_phrases_[view] = PhraseMatcher(std::move(skeleton_phrases[view]), skeleton);
    }
}

std::string database_key(const std::vector<SignatureSpec>& signatures) {
    std::string key = scanner_version();
    for (const SignatureSpec& spec : signatures) {
        if (spec.kind == SignatureKind::pattern) {
            key += '\0';
            key += spec.caseless() ? 'i' : 'c';
            key += spec.pattern;
        }
    }
    return key;
}

}  // namespace fastguard
