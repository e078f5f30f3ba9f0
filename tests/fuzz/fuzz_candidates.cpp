// Candidates and validators: what is found lies in the text, apart, in order, and its validator accepts it.
#include "fastguard/candidates.h"
#include "fastguard/validators.h"

#include "fuzz_input.h"

#include <cstdint>
#include <string_view>
#include <vector>

namespace {

using fastguard::Candidate;
using fastguard::ValidatorId;
using fastguard::fuzz::require;

void check_validators(std::string_view text) {
    for (const std::string_view name : fastguard::validator_names()) {
        const ValidatorId id = fastguard::validator_by_name(name);
        require(fastguard::validator_name(id) == name, "names and ids map to each other");
        const bool accepted = fastguard::validate(id, text);
        require(fastguard::validate(id, text) == accepted, "a validator is a pure function");
    }
    const double entropy = fastguard::shannon_entropy(text);
    require(entropy >= 0.0 && entropy <= 8.0, "entropy is 0 to 8 bits per byte");
    const std::string_view value = fastguard::assigned_value(text);
    require(value.empty() || (value.data() >= text.data() && value.data() + value.size() <= text.data() + text.size()),
            "an assigned value is a part of its match");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const fastguard::fuzz::ExactText exact(fastguard::fuzz::chars(data), size);
    const std::string_view text = exact.view();
    check_validators(text);

    std::vector<char> room(fastguard::fuzz::block_room(size));
    fastguard::fuzz::ExactMasks buffers(size);
    const fastguard::ByteMasks masks = buffers.masks();
    fastguard::ByteCounts counts;
    fastguard::active_kernel().classify(text.data(), size, room.data(), masks, counts);
    const fastguard::CandidateMasks bits{masks.digit, masks.at, masks.colon, buffers.blocks()};

    constexpr std::uint64_t kAll = ~std::uint64_t{0};
    std::vector<Candidate> found(size + 1);
    bool truncated = false;
    found.resize(fastguard::find_candidates(text, bits, kAll, found, truncated));
    require(!truncated, "there are no more entities than bytes");
    std::uint32_t end = 0;
    for (const Candidate& candidate : found) {
        require(candidate.begin >= end && candidate.begin < candidate.end && candidate.end <= size,
                "entities lie in the text, in order and apart");
        end = candidate.end;
        const fastguard::fuzz::ExactText alone(text.data() + candidate.begin, candidate.end - candidate.begin);
        require(fastguard::validate(candidate.accepted, alone.view()), "the validator accepts the entity alone");
        require(fastguard::candidate_kind(candidate.accepted) == candidate.kind, "the kind is the validator's");
    }

    Candidate one[1];
    truncated = false;
    const std::size_t written = fastguard::find_candidates(text, bits, kAll, one, truncated);
    require(written == std::min<std::size_t>(found.size(), 1) && truncated == (found.size() > 1),
            "a small result is the beginning of the whole one, and says so");
    require(written == 0 || one[0].begin == found[0].begin, "a small result is the beginning of the whole one");
    return 0;
}
