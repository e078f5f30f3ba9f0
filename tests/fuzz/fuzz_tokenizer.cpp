// Tokens of a folded text: in order, apart, within it, hashed by their bytes; features of them are finite numbers.
#include "fastguard/features.h"
#include "fastguard/normalizer.h"
#include "fastguard/tokenizer.h"

#include "fuzz_input.h"

#include <cmath>
#include <cstdint>
#include <string_view>
#include <vector>

namespace {

using fastguard::fuzz::require;

constexpr std::size_t kReadable = 64;

void check_tokens(std::string_view text, const std::vector<fastguard::Token>& tokens) {
    std::uint32_t end = 0;
    for (const fastguard::Token& token : tokens) {
        require(token.begin >= end && token.begin < token.end && token.end <= text.size(), "tokens in order and apart");
        end = token.end;
        const fastguard::fuzz::ExactText alone(text.data() + token.begin, token.size(), 8);
        require(fastguard::hash_bytes(alone.view().data(), token.size()) == token.hash,
                "a token's hash depends on its bytes alone");
    }
}

void check_features(std::size_t size, const std::vector<fastguard::Token>& tokens,
                    const fastguard::ByteCounts& counts) {
    fastguard::TextFacts facts;
    facts.size = size;
    facts.scripts = 1;
    const fastguard::DenseFeatures dense = fastguard::dense_features(tokens.size(), counts, facts);
    for (const float value : dense) {
        require(std::isfinite(value), "dense features are finite");
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::size_t bound = fastguard::fold_bound(size);
    std::vector<char> folded(bound + kReadable);
    std::vector<std::uint32_t> origin(bound + kReadable + 1);
    fastguard::FoldStats stats{};
    const std::size_t folded_size =
        fastguard::fold_utf8(fastguard::fuzz::chars(data), size, folded.data(), origin.data(), stats);

    const fastguard::fuzz::ExactText text(folded.data(), folded_size, kReadable);
    std::vector<char> room(fastguard::fuzz::block_room(folded_size));
    fastguard::fuzz::ExactMasks masks(folded_size);
    fastguard::ByteCounts counts;
    fastguard::active_kernel().classify(text.view().data(), folded_size, room.data(), masks.masks(), counts);

    std::vector<fastguard::Token> tokens(fastguard::token_bound(folded_size));
    tokens.resize(fastguard::tokenize(text.view(), masks.masks(), false, tokens.data()));
    check_tokens(text.view(), tokens);
    check_features(folded_size, tokens, counts);
    if (counts.high == 0) {
        std::vector<fastguard::Token> ascii(fastguard::token_bound(folded_size));
        ascii.resize(fastguard::tokenize(text.view(), masks.masks(), true, ascii.data()));
        require(ascii.size() == tokens.size(), "the fast path for ASCII finds the same tokens");
        for (std::size_t i = 0; i < ascii.size(); ++i) {
            require(
                ascii[i].begin == tokens[i].begin && ascii[i].end == tokens[i].end && ascii[i].hash == tokens[i].hash,
                "the fast path for ASCII finds the same tokens");
        }
    }
    return 0;
}
